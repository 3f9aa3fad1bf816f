#ifndef FARGATE_SIGV4_SIGNING_KEY_HPP
#define FARGATE_SIGV4_SIGNING_KEY_HPP

#include <fargate/core/secret.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::sigv4 {

/// A digest that is a secret: wiped when it goes.
class secret_digest {
public:
    /// Takes the digest over: `value` is wiped.
    secret_digest(crypto::digest&& value) noexcept : value_{value} { wipe(value.data(), value.size()); }
    secret_digest(secret_digest const&) = default;
    secret_digest& operator=(secret_digest const&) = default;
    ~secret_digest() { wipe(value_.data(), value_.size()); }

    [[nodiscard]] std::string_view reveal() const noexcept { return crypto::bytes_of(value_); }

private:
    crypto::digest value_;
};

/// The key that signs one UTC day's (`20240102`) requests of one scope. It lets its holder sign as you for that day, so
/// it is as secret as the key it is made from. What is computed on the way to it is wiped.
template <crypto::hash_policy Hash>
[[nodiscard]] secret_digest signing_key(std::string_view secret_access_key, std::string_view date, scope const& where,
                                        Hash const& hash) {
    std::string first;
    first.reserve(4 + secret_access_key.size());
    first += "AWS4";
    first += secret_access_key;
    secret_digest key = hash.hmac_sha256(first, date);
    wipe(first);
    for (auto const part : {where.region, where.service, std::string_view{"aws4_request"}})
        key = hash.hmac_sha256(key.reveal(), part);
    return key;
}

/// Keeps the signing keys of the day, so that a signature costs one HMAC and not five, and for a hash that can make keys
/// ready (`crypto::keyed_hash_policy`) less than that. Entries belong to a key's generation, a date and a scope; at most `capacity` of them, the least recently used makes room, and whatever leaves is
/// wiped. May be used from several threads at once.
class signing_key_cache {
public:
    static constexpr std::size_t capacity = 16;

    signing_key_cache() = default;
    signing_key_cache(signing_key_cache const&) = delete;
    signing_key_cache& operator=(signing_key_cache const&) = delete;

    /// The signing key, from memory or made now. A key of generation 0 is made each time and not kept.
    template <crypto::hash_policy Hash>
    [[nodiscard]] secret_digest get(key_view const& key, std::string_view date, scope const& where, Hash const& hash) {
        if (key.generation == 0) return signing_key(key.secret_access_key, date, where, hash);
        {
            std::lock_guard const lock{mutex_};
            if (auto const* const kept = find(key.generation, date, where)) return kept->key;
        }
        secret_digest const made = signing_key(key.secret_access_key, date, where, hash);
        keep(key.generation, date, where, made);
        return made;
    }

    /// The HMAC of `data` under the signing key.
    template <crypto::hash_policy Hash>
    [[nodiscard]] crypto::digest hmac(key_view const& key, std::string_view date, scope const& where,
                                      std::string_view data, Hash const& hash) {
        if constexpr (crypto::keyed_hash_policy<Hash>)
            if (key.generation != 0) return hash.hmac_sha256(*ready<Hash>(key, date, where, hash), data);
        return hash.hmac_sha256(get(key, date, where, hash).reveal(), data);
    }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        std::size_t count = 0;
        for (auto const& each : entries_) count += each.has_value() ? 1U : 0U;
        return count;
    }

    /// Wipes and forgets everything.
    void clear() {
        std::lock_guard const lock{mutex_};
        for (auto& each : entries_) each.reset();
    }

private:
    struct entry {
        std::uint64_t generation;
        std::string date, region, service;
        secret_digest key;
        std::uint64_t used;
        std::shared_ptr<void const> ready{}; ///< the key, made ready by the hash that `by` stands for
        void const* by = nullptr;

        [[nodiscard]] bool serves(scope const& where) const noexcept {
            return region == where.region && service == where.service;
        }
    };

    template <class Hash>
    static constexpr char stands_for{};

    /// The caller holds the lock.
    entry* find(std::uint64_t generation, std::string_view date, scope const& where) {
        for (auto& each : entries_) {
            if (!each || each->generation != generation || each->date != date || !each->serves(where)) continue;
            each->used = ++uses_;
            return &*each;
        }
        return nullptr;
    }

    template <class Hash>
    std::shared_ptr<typename Hash::hmac_key const> ready(key_view const& key, std::string_view date, scope const& where,
                                                         Hash const& hash) {
        using ready_key = typename Hash::hmac_key const;
        {
            std::lock_guard const lock{mutex_};
            auto const* const kept = find(key.generation, date, where);
            if (kept != nullptr && kept->by == &stands_for<Hash>)
                return std::static_pointer_cast<ready_key>(kept->ready);
        }
        auto const made = std::make_shared<ready_key>(hash.make_ready(get(key, date, where, hash).reveal()));
        std::lock_guard const lock{mutex_};
        if (auto* const kept = find(key.generation, date, where)) {
            kept->ready = made;
            kept->by = &stands_for<Hash>;
        }
        return made;
    }

    void keep(std::uint64_t generation, std::string_view date, scope const& where, secret_digest const& key) {
        entry made{generation, std::string{date}, std::string{where.region}, std::string{where.service}, key, 0};
        std::lock_guard const lock{mutex_};
        made.used = ++uses_;
        auto* place = &entries_.front();
        for (auto& each : entries_) {
            if (each && outdates(made, *each)) each.reset();
            if (!each || (*place && each->used < (*place)->used)) place = &each;
        }
        *place = std::move(made);
    }

    /// The same scope of an earlier generation or day, or the same entry made by two threads at once.
    static bool outdates(entry const& fresh, entry const& old) noexcept {
        return old.serves({fresh.region, fresh.service}) && old.generation <= fresh.generation &&
               old.date <= fresh.date;
    }

    mutable std::mutex mutex_;
    std::array<std::optional<entry>, capacity> entries_{};
    std::uint64_t uses_ = 0;
};

} // namespace fargate::inline v0::sigv4

#endif
