#ifndef FARGATE_DEPLOY_BOUNDED_CACHE_HPP
#define FARGATE_DEPLOY_BOUNDED_CACHE_HPP

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::deploy {

/// Values by key, of which the longest unused go when there are more than so many entries or bytes; how many bytes one
/// takes, says who puts it in. May be used from several threads.
template <class Value>
class bounded_cache {
public:
    bounded_cache(std::size_t most_entries, std::size_t most_bytes) :
        most_entries_{most_entries}, most_bytes_{most_bytes} {}

    [[nodiscard]] std::optional<Value> find(std::string_view key) {
        std::scoped_lock const lock{mutex_};
        auto const at = places_.find(key);
        if (at == places_.end()) return std::nullopt;
        entries_.splice(entries_.begin(), entries_, at->second);
        return at->second->value;
    }

    /// In place of what the key had. What is larger than all of the cache is not kept.
    void put(std::string key, Value value, std::size_t bytes) {
        std::scoped_lock const lock{mutex_};
        erase(key);
        if (bytes > most_bytes_) return;
        entries_.push_front({std::move(key), std::move(value), bytes});
        places_.emplace(entries_.front().key, entries_.begin());
        bytes_ += bytes;
        while (entries_.size() > most_entries_ || bytes_ > most_bytes_) erase(entries_.back().key);
    }

    void drop(std::string_view key) {
        std::scoped_lock const lock{mutex_};
        erase(key);
    }

private:
    struct entry {
        std::string key;
        Value value;
        std::size_t bytes;
    };

    void erase(std::string_view key) {
        auto const at = places_.find(key);
        if (at == places_.end()) return;
        auto const gone = at->second;
        bytes_ -= gone->bytes;
        places_.erase(at);
        entries_.erase(gone);
    }

    std::size_t const most_entries_;
    std::size_t const most_bytes_;
    std::mutex mutex_;
    std::list<entry> entries_; ///< the one used last comes first
    std::map<std::string_view, typename std::list<entry>::iterator> places_;
    std::size_t bytes_ = 0;
};

} // namespace fargate::inline v0::deploy

#endif
