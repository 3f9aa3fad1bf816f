// fargate 0.1.0: <fargate/sigv4.hpp> and all that it includes, in one file.
// Made by single_include/amalgamate.py from include/fargate; changes belong there.
//
// MIT License
//
// Copyright (c) the fargate authors
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <mutex>
#include <new>
#include <openssl/evp.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// ---- fargate/core/secret.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_SECRET_HPP
#define FARGATE_CORE_SECRET_HPP

namespace fargate::inline v0 {

/// Overwrites memory in a way the optimiser must keep.
inline void wipe(void* bytes, std::size_t size) noexcept {
#if defined(__GNUC__)
    if (size != 0) std::memset(bytes, 0, size);
    __asm__ volatile("" : : "r"(bytes) : "memory"); // somebody may look
#else
    auto volatile* at = static_cast<unsigned char volatile*>(bytes);
    while (size-- != 0) *at++ = 0;
#endif
}

/// Overwrites a whole string, its spare capacity included, and leaves it empty.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    wipe(text.data(), text.size());
    text.clear();
}

/// Text that must not be seen: wiped when it goes, and not convertible to text, so that no log or message can take it by
/// accident. Text goes in freely; `reveal()` is the only way out and is spelled so that a reader stops there.
class secret {
public:
    secret() = default;
    secret(std::string text) : text_{std::move(text)} { wipe(text); }
    secret(std::string_view text) : text_{text} {}
    secret(char const* text) : text_{text} {}

    secret(secret const&) = default;
    secret(secret&& other) noexcept : text_{std::move(other.text_)} { wipe(other.text_); }
    secret& operator=(secret const& other) {
        if (this != &other) {
            wipe(text_);
            text_ = other.text_;
        }
        return *this;
    }
    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            wipe(text_);
            text_ = std::move(other.text_);
            wipe(other.text_);
        }
        return *this;
    }
    ~secret() { wipe(text_); }

    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    /// Compares without stopping at the first difference.
    [[nodiscard]] friend bool operator==(secret const& left, secret const& right) noexcept {
        if (left.text_.size() != right.text_.size()) return false;
        unsigned char differing = 0;
        for (std::size_t i = 0; i != left.text_.size(); ++i)
            differing = static_cast<unsigned char>(differing | (left.text_[i] ^ right.text_[i]));
        return differing == 0;
    }

private:
    std::string text_;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/crypto/policy.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_CRYPTO_POLICY_HPP
#define FARGATE_CRYPTO_POLICY_HPP

namespace fargate::inline v0::crypto {

/// The 32 bytes of a SHA-256.
using digest = std::array<unsigned char, 32>;

/// A digest's bytes as the text view that hash functions take.
[[nodiscard]] inline std::string_view bytes_of(digest const& value) noexcept {
    return {reinterpret_cast<char const*>(value.data()), value.size()};
}

/// The hash functions that signing stands on, so that a board with another crypto library can bring its own.
///
/// | expression                  | type     | contract                                                                |
/// |-----------------------------|----------|-------------------------------------------------------------------------|
/// | `h.sha256(data)`            | `digest` | SHA-256 of the bytes of `data` (a `std::string_view`); never throws      |
/// | `h.hmac_sha256(key, data)`  | `digest` | HMAC-SHA-256 (RFC 2104) of `data` under `key`; never throws              |
///
/// `h` is const, and both may be called from several threads at once. An implementation that cannot compute ends the
/// process: a wrong digest would only be refused later, with a worse reason.
template <class Hash>
concept hash_policy = requires(Hash const& h, std::string_view key, std::string_view data) {
    { h.sha256(data) }
    noexcept->std::same_as<digest>;
    { h.hmac_sha256(key, data) }
    noexcept->std::same_as<digest>;
};

/// A hash that can keep what all messages under one key have in common, so that an HMAC need not begin with the key.
///
/// | expression                    | type       | contract                                                              |
/// |-------------------------------|------------|-----------------------------------------------------------------------|
/// | `Hash::hmac_key`              |            | a key made ready; movable, and as secret as the key                   |
/// | `h.make_ready(key)`           | `hmac_key` | never throws                                                          |
/// | `h.hmac_sha256(ready, data)`  | `digest`   | as with the key itself, from several threads at once; never throws    |
template <class Hash>
concept keyed_hash_policy = hash_policy<Hash> &&
    requires(Hash const& h, typename Hash::hmac_key const& ready, std::string_view key, std::string_view data) {
    { h.make_ready(key) }
    noexcept->std::same_as<typename Hash::hmac_key>;
    { h.hmac_sha256(ready, data) }
    noexcept->std::same_as<digest>;
};

} // namespace fargate::inline v0::crypto

#endif

// ---- fargate/crypto/openssl.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_CRYPTO_OPENSSL_HPP
#define FARGATE_CRYPTO_OPENSSL_HPP

namespace fargate::inline v0::crypto {

namespace detail {

[[noreturn]] inline void no_hash(char const* which) noexcept {
    std::fprintf(stderr, "fargate: OpenSSL cannot compute %s: check its configuration\n", which);
    std::abort();
}

/// Memory that EVP hashes SHA-256 in; OpenSSL wipes it when it goes.
class sha256_state {
public:
    sha256_state() noexcept : state_{EVP_MD_CTX_new()} { require(EVP_DigestInit_ex2(state_, algorithm(), nullptr)); }
    sha256_state(sha256_state&& other) noexcept : state_{std::exchange(other.state_, nullptr)} {}
    sha256_state(sha256_state const&) = delete;
    sha256_state& operator=(sha256_state const&) = delete;
    ~sha256_state() { EVP_MD_CTX_free(state_); }

    /// From the empty message on. Copying what is set up takes less than setting it up.
    void begin() noexcept {
        static sha256_state const& empty = *new sha256_state; // lives as long as the process
        begin_as(empty);
    }
    void begin_as(sha256_state const& other) noexcept { require(EVP_MD_CTX_copy_ex(state_, other.state_)); }
    void add(std::string_view data) noexcept { require(EVP_DigestUpdate(state_, data.data(), data.size())); }
    void end(digest& into) noexcept { require(EVP_DigestFinal_ex(state_, into.data(), nullptr)); }

    /// The calling thread's own, so that a hash sets nothing up. What it was used for last can be found in it. Threads
    /// that are past their end, where destructors of globals hash, have one that nobody frees.
    static sha256_state& of_this_thread() noexcept {
        thread_local sha256_state* kept = nullptr; // outlives `owner`
        thread_local struct owning {
            ~owning() { delete std::exchange(kept, nullptr); }
        } owner;
        if (kept == nullptr) {
            (void)&owner;
            kept = new sha256_state;
        }
        return *kept;
    }

private:
    /// Looked up once, because that takes longer than the hashing; lives as long as the process.
    static EVP_MD const* algorithm() noexcept {
        static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return fetched;
    }

    static void require(int done) noexcept {
        if (done != 1) no_hash("SHA-256");
    }

    EVP_MD_CTX* state_;
};

} // namespace detail

/// `keyed_hash_policy` on OpenSSL 3. It goes through EVP, so that a FIPS provider is honoured, but looks the algorithm up
/// once for the whole process and sets a context up once for each thread: `SHA256()` and `HMAC()` do both on every call,
/// which takes longer than the hashing.
class openssl_hash {
public:
    [[nodiscard]] digest sha256(std::string_view data) const noexcept {
        auto& state = detail::sha256_state::of_this_thread();
        digest made;
        state.begin();
        state.add(data);
        state.end(made);
        return made;
    }

    /// The two states of an HMAC behind its key.
    class hmac_key {
        friend class openssl_hash;
        detail::sha256_state inner_, outer_;
    };

    [[nodiscard]] hmac_key make_ready(std::string_view key) const noexcept {
        unsigned char pad[block_size] = {};
        if (key.size() > block_size) {
            digest shorter = sha256(key);
            std::memcpy(pad, shorter.data(), shorter.size());
            wipe(shorter.data(), shorter.size());
            detail::sha256_state::of_this_thread().begin();
        } else if (!key.empty()) {
            std::memcpy(pad, key.data(), key.size());
        }
        hmac_key made;
        std::string_view const block{reinterpret_cast<char const*>(pad), block_size};
        for (unsigned char& each : pad) each ^= 0x36U;
        made.inner_.add(block);
        for (unsigned char& each : pad) each ^= 0x36U ^ 0x5CU;
        made.outer_.add(block);
        wipe(pad, sizeof pad);
        return made;
    }

    /// `HMAC` of RFC 2104, written out because OpenSSL 3's own sets up three contexts for each message.
    [[nodiscard]] digest hmac_sha256(hmac_key const& ready, std::string_view data) const noexcept {
        auto& state = detail::sha256_state::of_this_thread();
        digest made;
        state.begin_as(ready.inner_);
        state.add(data);
        state.end(made);
        state.begin_as(ready.outer_);
        state.add(bytes_of(made));
        state.end(made);
        return made;
    }

    [[nodiscard]] digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        digest const made = hmac_sha256(make_ready(key), data);
        detail::sha256_state::of_this_thread().begin(); // what is made may be a key itself
        return made;
    }

private:
    static constexpr std::size_t block_size = 64;
};

static_assert(keyed_hash_policy<openssl_hash>);

enum class hash_kind : unsigned char { sha1, sha256 };

/// A hash of bytes that come piece by piece, for checksums; what is hashed is not wiped. Not for two threads at once.
class running_hash {
public:
    explicit running_hash(hash_kind which) : state_{EVP_MD_CTX_new()} {
        require(EVP_DigestInit_ex2(state_, algorithm(which), nullptr));
    }
    running_hash(running_hash const&) = delete;
    running_hash& operator=(running_hash const&) = delete;
    ~running_hash() { EVP_MD_CTX_free(state_); }

    void add(std::string_view bytes) noexcept { require(EVP_DigestUpdate(state_, bytes.data(), bytes.size())); }

    /// The digest of all that came, in bytes. Ends it: nothing may be asked of it afterwards.
    [[nodiscard]] std::string finish() {
        unsigned char made[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        require(EVP_DigestFinal_ex(state_, made, &size));
        return {made, made + size};
    }

private:
    /// Live as long as the process.
    static EVP_MD const* algorithm(hash_kind which) noexcept {
        static EVP_MD const* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
        static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return which == hash_kind::sha1 ? sha1 : sha256;
    }

    static void require(int done) noexcept {
        if (done != 1) detail::no_hash("a hash");
    }

    EVP_MD_CTX* state_;
};

/// SHA-1, for names and checksums that others chose; nothing may rest on it.
[[nodiscard]] inline std::array<unsigned char, 20> sha1(std::string_view data) {
    running_hash state{hash_kind::sha1};
    state.add(data);
    std::string const bytes = state.finish();
    std::array<unsigned char, 20> made{};
    std::memcpy(made.data(), bytes.data(), made.size());
    return made;
}

} // namespace fargate::inline v0::crypto

#endif

// ---- fargate/sigv4/request_view.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_REQUEST_VIEW_HPP
#define FARGATE_SIGV4_REQUEST_VIEW_HPP

namespace fargate::inline v0::sigv4 {

/// One header to be signed. The name in any case, the value as it goes on the wire.
struct header_view {
    std::string_view name;
    std::string_view value;
};

/// A request as the signer sees it: borrowed, complete, and never changed. `path` and `query` are the text that goes on
/// the wire, already percent-encoded; `query` has no leading `?`. `headers` holds every header that shall be signed,
/// `host` among them; those that proxies change on the way (see `never_signed`) are skipped. Everything viewed must
/// outlive the call.
struct request_view {
    std::string_view method = "GET";
    std::string_view path = "/";
    std::string_view query{};
    std::span<header_view const> headers{};
    std::string_view body{};
};

/// The key that signs, borrowed. An empty session token means there is none. `generation` tells one key from the next:
/// whoever rotates keys counts it up, and cached signing keys follow it; 0 switches that caching off.
struct key_view {
    std::string_view access_key_id;
    std::string_view secret_access_key;
    std::string_view session_token{};
    std::uint64_t generation = 0;
};

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/sigv4/scope.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SCOPE_HPP
#define FARGATE_SIGV4_SCOPE_HPP

namespace fargate::inline v0::sigv4 {

/// What a signature is good for, besides its day: the region and the signing name of the service (`ecs`, `s3`,
/// `tagging`, `sts`). Borrowed.
struct scope {
    std::string_view region;
    std::string_view service;
};

/// What becomes of a session token: part of the signature, or sent beside it.
enum class token_rule : unsigned char { sign, omit };

/// The payload hash of a body that is not signed; services take it over https only.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// How a service wants its requests signed. The defaults are right for every service but S3.
struct settings {
    bool normalize_path = true; ///< resolve `.` and `..` and collapse `//` before signing, not on the wire
    bool double_encode = true;  ///< percent-encode the path of the wire once more before signing
    token_rule token = token_rule::sign;
    bool content_sha256 = false;     ///< tell the payload hash in `x-amz-content-sha256`, and sign that
    std::string_view payload_hash{}; ///< instead of the body's: its SHA-256 in hex, or `unsigned_payload`
};

/// S3's rules: the path signed is the path sent, and the payload hash is told in a header. A presigned URL has no such
/// header, so that there the payload is not signed.
inline constexpr settings s3{
    .normalize_path = false,
    .double_encode = false,
    .token = token_rule::sign,
    .content_sha256 = true,
    .payload_hash = {},
};

/// Appends the credential scope of a day (`20240102`): `20240102/us-east-1/ecs/aws4_request`.
template <class Text>
void append_credential_scope(Text& out, std::string_view date, scope const& where) {
    out += date;
    out += '/';
    out += where.region;
    out += '/';
    out += where.service;
    out += std::string_view{"/aws4_request"};
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/text/ascii.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_ASCII_HPP
#define FARGATE_TEXT_ASCII_HPP

namespace fargate::inline v0::text {

// Character classes of ASCII alone: no locale is asked, so no locale can change a signature.

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return is_upper(c) || is_lower(c); }
[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }

/// Space, TAB, LF, VT, FF and CR: C's `isspace` in the C locale.
[[nodiscard]] constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

namespace detail {

inline constexpr auto token_characters = [] {
    std::array<bool, 256> made{};
    for (char const each : std::string_view{"!#$%&'*+-.^_`|~"}) made[static_cast<unsigned char>(each)] = true;
    for (unsigned char each = 0; each != 128; ++each)
        if (is_alnum(static_cast<char>(each))) made[each] = true;
    return made;
}();

} // namespace detail

/// A character of a method or a header name (RFC 9110 §5.6.2).
[[nodiscard]] constexpr bool is_token_character(char c) noexcept {
    return detail::token_characters[static_cast<unsigned char>(c)];
}

[[nodiscard]] constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_lower(c);
    return made;
}

[[nodiscard]] inline std::string upper(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_upper(c);
    return made;
}

[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// Equal but for the case of ASCII letters.
[[nodiscard]] constexpr bool iequals(std::string_view left, std::string_view right) noexcept {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i != left.size(); ++i)
        if (to_lower(left[i]) != to_lower(right[i])) return false;
    return true;
}

[[nodiscard]] constexpr bool contains(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

/// Makes one line of a text: each control character becomes a space.
inline void blank_controls(std::string& text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
}

/// As much of somebody's words as one line of a message shows.
inline constexpr std::size_t longest_shown = 64;

/// The beginning of a text, at most `longest_shown` bytes, with `?` for all that is no printable ASCII.
[[nodiscard]] inline std::string printable(std::string_view text) {
    std::string made{text.substr(0, longest_shown)};
    for (char& c : made)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/buffer.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_BUFFER_HPP
#define FARGATE_TEXT_BUFFER_HPP

namespace fargate::inline v0::text {

/// Text that grows at its end and lies in the object itself, so that nothing is allocated, until it is longer than
/// `Size`. Where a function appends to a `Text&`, that is this or a `std::string`.
template <std::size_t Size>
class buffer {
public:
    buffer() noexcept {} // the bytes are nobody's yet, and are not cleared
    buffer(buffer const& other) : size_{other.size_}, room_{other.room_}, outside_{other.outside_} {
        std::memcpy(inside_, other.inside_, size_);
    }
    buffer& operator=(buffer const& other) {
        outside_ = other.outside_;
        size_ = other.size_;
        room_ = other.room_;
        std::memmove(inside_, other.inside_, size_);
        return *this;
    }

    [[gnu::always_inline]] buffer& operator+=(std::string_view more) {
        if (!more.empty()) std::memcpy(extend(more.size()), more.data(), more.size());
        return *this;
    }
    [[gnu::always_inline]] buffer& operator+=(char more) {
        *extend(1) = more;
        return *this;
    }

    /// Makes the text longer by bytes that the caller is to write at once.
    [[nodiscard]] char* extend(std::size_t more) {
        if (more > room_) return extend_outside(more);
        char* const at = inside_ + size_;
        size_ += more;
        room_ -= more;
        return at;
    }

    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    [[nodiscard]] char& back() noexcept { return outside_.empty() ? inside_[size_ - 1] : outside_.back(); }
    [[nodiscard]] std::string_view view() const noexcept {
        return outside_.empty() ? std::string_view{inside_, size_} : std::string_view{outside_};
    }
    operator std::string_view() const noexcept { return view(); }

private:
    char* extend_outside(std::size_t more) {
        if (outside_.empty()) {
            outside_.reserve(2 * (size_ + more));
            outside_.assign(inside_, size_);
            room_ = 0;
        }
        outside_.resize(outside_.size() + more);
        return outside_.data() + outside_.size() - more;
    }

    std::size_t size_ = 0;    ///< of what lies inside
    std::size_t room_ = Size; ///< what is left inside; none once it has been outgrown
    std::string outside_{};   ///< the whole text, once it has outgrown its place
    char inside_[Size];
};

/// Makes a text longer by bytes that the caller is to write at once, and says where they begin.
template <std::size_t Size>
[[nodiscard]] char* extend(buffer<Size>& text, std::size_t more) {
    return text.extend(more);
}
[[nodiscard]] inline char* extend(std::string& text, std::size_t more) {
    text.resize(text.size() + more);
    return text.data() + text.size() - more;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/hex.hpp -------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_HEX_HPP
#define FARGATE_TEXT_HEX_HPP

namespace fargate::inline v0::text {

/// The value of a hexadecimal digit of either case, -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Appends two lower-case digits for each byte.
template <class Text>
void append_hex(Text& out, std::string_view bytes) {
    // Arithmetic, and no table, so that compilers make vector instructions of it.
    auto const digit = [](unsigned char half) {
        return static_cast<char>(half + '0' + (half > 9 ? 'a' - '0' - 10 : 0));
    };
    char* at = extend(out, 2 * bytes.size());
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        *at++ = digit(static_cast<unsigned char>(byte >> 4U));
        *at++ = digit(static_cast<unsigned char>(byte & 0xFU));
    }
}

/// Two lower-case digits for each byte.
[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
    std::string made;
    append_hex(made, bytes);
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/percent.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_PERCENT_HPP
#define FARGATE_TEXT_PERCENT_HPP

namespace fargate::inline v0::text {

/// The characters that never need an escape (RFC 3986 §2.3), which are also those AWS leaves alone.
[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

/// Appends `raw` with every byte but the unreserved ones, and `/` when it is kept, as `%XX` in upper case.
template <class Text>
void append_percent(Text& out, std::string_view raw, bool keep_slash = false) {
    constexpr char digits[] = "0123456789ABCDEF";
    for (char const each : raw) {
        if (is_unreserved(each) || (keep_slash && each == '/')) {
            out += each;
            continue;
        }
        auto const byte = static_cast<unsigned char>(each);
        char const escape[] = {'%', digits[byte >> 4U], digits[byte & 0xFU]};
        out += std::string_view{escape, sizeof escape};
    }
}

[[nodiscard]] inline std::string percent_encode(std::string_view raw, bool keep_slash = false) {
    std::string made;
    made.reserve(raw.size() + raw.size() / 2);
    append_percent(made, raw, keep_slash);
    return made;
}

/// Calls `take(byte)` for each byte that `coded` stands for. A `%` without two digits behind it stands for itself, and
/// `+` is no space.
template <class Take>
constexpr void for_each_decoded(std::string_view coded, Take&& take) {
    for (std::size_t at = 0; at != coded.size();) {
        if (coded[at] == '%' && coded.size() - at > 2) {
            int const high = hex_value(coded[at + 1]);
            int const low = hex_value(coded[at + 2]);
            if (high >= 0 && low >= 0) {
                take(static_cast<char>(static_cast<unsigned char>(high * 16 + low)));
                at += 3;
                continue;
            }
        }
        take(coded[at++]);
    }
}

/// The bytes that `coded` stands for; see `for_each_decoded`.
[[nodiscard]] inline std::string percent_decode(std::string_view coded) {
    std::string made;
    made.reserve(coded.size());
    for_each_decoded(coded, [&made](char byte) { made += byte; });
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/scan.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_SCAN_HPP
#define FARGATE_TEXT_SCAN_HPP

namespace fargate::inline v0::text {

namespace detail {

/// The size when every step of `text`, which is at least one long, is fine; else where one begins that is not. The last step
/// looks at bytes again that the one before it has seen.
template <std::size_t Step, class IsFine>
[[nodiscard]] std::size_t in_steps(std::string_view text, IsFine const& is_fine) noexcept {
    std::size_t const last = text.size() - Step;
    for (std::size_t at = 0;; at = at + Step < last ? at + Step : last) {
        if (!is_fine(text.data() + at)) return at;
        if (at == last) return text.size();
    }
}

} // namespace detail

/// The place of the first byte that is not from `lowest` to `highest`, both ASCII; the size when there is none. Looks at
/// many bytes a step, because every byte of a header is looked at before it is signed.
[[nodiscard]] inline std::size_t first_outside(std::string_view text, char lowest, char highest) noexcept {
    auto const span = static_cast<unsigned char>(highest - lowest);
    std::size_t at = 0;
    if (constexpr std::size_t step = 128; text.size() >= step) {
        at = detail::in_steps<step>(text, [=](char const* from) {
            // Without a branch, compilers make vector instructions of it.
            unsigned char farthest = 0;
            for (std::size_t i = 0; i != step; ++i) {
                auto const distance = static_cast<unsigned char>(from[i] - lowest);
                farthest = distance > farthest ? distance : farthest;
            }
            return farthest <= span;
        });
    } else if (std::uint64_t eight = 0; text.size() >= sizeof eight) {
        constexpr std::uint64_t each = 0x0101010101010101;
        std::uint64_t const low = each * static_cast<unsigned char>(lowest);
        std::uint64_t const gap = each * (0x7FU - static_cast<unsigned char>(highest));
        at = detail::in_steps<sizeof eight>(text, [&](char const* from) {
            std::memcpy(&eight, from, sizeof eight);
            // A byte below `low` borrows its top bit from the subtraction, one above `highest` gains it from the sum.
            return ((((eight - low) & ~eight) | (eight + gap) | eight) & (0x80 * each)) == 0;
        });
    }
    while (at != text.size() && static_cast<unsigned char>(text[at] - lowest) <= span) ++at;
    return at;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/sigv4/canonical.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_CANONICAL_HPP
#define FARGATE_SIGV4_CANONICAL_HPP

// The canonical request of Signature Version 4: one spelling for every request that means the same, so that client and
// service hash the same bytes.

namespace fargate::inline v0::sigv4 {

/// Headers that proxies and HTTP libraries add or change on the way, and the signature's own. `name` in any case.
[[nodiscard]] constexpr bool never_signed(std::string_view name) noexcept {
    auto const is_one_of = [name](auto... list) { return (text::iequals(name, list) || ...); };
    switch (name.size()) {
    case 2: return is_one_of("te");
    case 6: return is_one_of("expect");
    case 7: return is_one_of("trailer", "upgrade");
    case 10: return is_one_of("connection", "keep-alive", "user-agent");
    case 13: return is_one_of("authorization");
    case 15: return is_one_of("x-amzn-trace-id");
    case 17: return is_one_of("transfer-encoding");
    case 18: return is_one_of("proxy-authenticate");
    case 19: return is_one_of("proxy-authorization");
    default: return false;
    }
}

/// The headers of a request that take part in its signature, in canonical order: by lower-case name, those of one name
/// joined in the order given. Their values are borrowed from the views, which must outlive it.
class canonical_headers {
public:
    /// Takes the request's own headers, less the `never_signed` ones, and those the signer adds, whose values are free of
    /// white space.
    explicit canonical_headers(std::span<header_view const> given, std::span<header_view const> added = {}) {
        if (given.size() + added.size() > few_.size()) many_.resize(given.size() + added.size());
        entry* const first = many_.empty() ? few_.data() : many_.data();
        for (auto const& each : given)
            if (!never_signed(each.name)) insert(first, {&each});
        for (auto const& each : added) insert(first, {&each, true});
        write_names(first);
    }
    canonical_headers(canonical_headers const&) = delete;
    canonical_headers& operator=(canonical_headers const&) = delete;

    /// `content-type;host;x-amz-date`.
    [[nodiscard]] std::string_view names() const noexcept { return names_; }

    /// Appends `name:value` and LF for each name.
    template <class Text>
    void append_lines(Text& out) const {
        char const* name = names_.view().data();
        entry const* const first = many_.empty() ? few_.data() : many_.data();
        for (entry const* each = first; each != first + count_; ++each) {
            if (each->repeats) {
                out.back() = ',';
            } else {
                std::size_t const size = each->header->name.size();
                char* const at = text::extend(out, size + 1);
                std::memcpy(at, name, size);
                at[size] = ':';
                name += size + 1;
            }
            std::string_view const value = each->header->value;
            if (each->plain)
                append_line(out, value);
            else
                append_folded(out, text::trim(value));
        }
    }

    /// At least the bytes that names and lines take together.
    [[nodiscard]] std::size_t size_hint() const noexcept { return size_hint_; }

private:
    struct entry {
        header_view const* header = nullptr;
        bool plain = false;   ///< the value needs no folding
        bool repeats = false; ///< the name of the one before, in whatever case
    };

    /// Puts a header behind all that do not come after it. There are few of them, and most come in order.
    void insert(entry* first, entry const& made) {
        entry* place = first + count_++;
        for (; place != first && comes_before(made.header->name, (place - 1)->header->name); --place)
            *place = *(place - 1);
        *place = made;
    }

    void write_names(entry* first) {
        std::size_t size = 0;
        for (entry* each = first; each != first + count_; ++each) {
            std::string_view const name = each->header->name;
            size_hint_ += 2 * name.size() + each->header->value.size() + 3;
            each->repeats = each != first && text::iequals((each - 1)->header->name, name);
            if (!each->repeats) size += name.size() + 1;
        }
        if (size == 0) return;
        char* const begin = names_.extend(size - 1);
        char* at = begin;
        for (entry const* each = first; each != first + count_; ++each) {
            if (each->repeats) continue;
            if (at != begin) *at++ = ';';
            at = std::copy(each->header->name.begin(), each->header->name.end(), at);
        }
        for (char* each = begin; each != at; ++each) *each = text::to_lower(*each);
    }

    static bool comes_before(std::string_view a, std::string_view b) noexcept {
        std::size_t const common = std::min(a.size(), b.size());
        for (std::size_t i = 0; i != common; ++i) {
            if (a[i] == b[i]) continue;
            auto const x = static_cast<unsigned char>(text::to_lower(a[i]));
            auto const y = static_cast<unsigned char>(text::to_lower(b[i]));
            if (x != y) return x < y;
        }
        return a.size() < b.size();
    }

    /// Appends a value and LF. Each run of white space becomes one space, also between quotes and where a line was folded.
    template <class Text>
    static void append_folded(Text& out, std::string_view value) {
        for (std::size_t plain = 0; (plain = text::first_outside(value, '!', '~')) != value.size();) {
            out += value.substr(0, plain);
            value.remove_prefix(plain);
            out += text::is_space(value.front()) ? ' ' : value.front();
            do value.remove_prefix(1);
            while (out.back() == ' ' && !value.empty() && text::is_space(value.front()));
        }
        append_line(out, value);
    }

    template <class Text>
    static void append_line(Text& out, std::string_view value) {
        char* const at = text::extend(out, value.size() + 1);
        if (!value.empty()) std::memcpy(at, value.data(), value.size());
        at[value.size()] = '\n';
    }

    std::array<entry, 12> few_{};
    std::vector<entry> many_{}; ///< in place of `few_`, when they are more
    std::size_t count_ = 0;
    std::size_t size_hint_ = 0;
    text::buffer<256> names_{};
};

/// `path` without `.` segments and empty ones, and with `..` resolved; it ends in `/` when `path` does.
[[nodiscard]] inline std::string normalized_path(std::string_view path) {
    std::string made;
    made.reserve(path.size() + 1);
    for (std::string_view rest = path; !rest.empty();) {
        auto const slash = std::min(rest.find('/'), rest.size());
        std::string_view const segment = rest.substr(0, slash);
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        if (segment.empty() || segment == ".") continue;
        if (segment == "..") {
            auto const last = made.rfind('/');
            made.resize(last == std::string::npos ? 0 : last);
            continue;
        }
        made += '/';
        made += segment;
    }
    if (made.empty() || path.ends_with('/')) made += '/';
    return made;
}

/// Appends the canonical URI of a path as it goes on the wire.
template <class Text>
void append_canonical_path(Text& out, std::string_view path, settings const& how) {
    if (path.empty() || path == "/") {
        out += '/';
        return;
    }
    std::string resolved;
    if (how.normalize_path) path = resolved = normalized_path(path);
    if (how.double_encode)
        text::append_percent(out, path, true);
    else
        out += path;
}

/// Appends the canonical query string of a query as it goes on the wire: every name and value decoded and encoded again
/// in the one way AWS knows, then sorted as pairs. Empty parts between `&` count for nothing; `+` is no space.
template <class Text>
void append_canonical_query(Text& out, std::string_view query) {
    if (query.empty()) return;
    struct parameter {
        std::string_view name, value;
    };
    std::string coded;
    coded.reserve(3 * query.size()); // never grows past that, so the views below stay good
    auto const recode = [&coded](std::string_view part) {
        std::size_t const from = coded.size();
        text::for_each_decoded(part, [&coded](char byte) { text::append_percent(coded, {&byte, 1}); });
        return std::string_view{coded}.substr(from);
    };
    std::vector<parameter> list;
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        std::string_view const pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        auto const equals = std::min(pair.find('='), pair.size());
        auto const name = recode(pair.substr(0, equals));
        list.push_back({name, recode(pair.substr(std::min(equals + 1, pair.size())))});
    }
    std::sort(list.begin(), list.end(), [](parameter const& left, parameter const& right) {
        return std::tie(left.name, left.value) < std::tie(right.name, right.value);
    });
    char const* between = "";
    for (auto const& each : list) {
        out += std::string_view{between};
        between = "&";
        out += each.name;
        out += '=';
        out += each.value;
    }
}

/// Appends the canonical request. `headers` stands for `request.headers` and whatever is added to them; `payload_hash` is
/// the last line. Takes any text, folded header values too: refusing what must not be sent is `sign`'s part.
template <class Text>
void append_canonical_request(Text& out, request_view const& request, canonical_headers const& headers,
                              settings const& how, std::string_view payload_hash) {
    out += request.method;
    out += '\n';
    append_canonical_path(out, request.path, how);
    out += '\n';
    append_canonical_query(out, request.query);
    out += '\n';
    headers.append_lines(out);
    out += '\n';
    out += headers.names();
    out += '\n';
    out += payload_hash;
}

/// The same as a text of its own.
[[nodiscard]] inline std::string canonical_request(request_view const& request, canonical_headers const& headers,
                                                   settings const& how, std::string_view payload_hash) {
    std::string made;
    made.reserve(request.method.size() + 3 * (request.path.size() + request.query.size()) + headers.size_hint() +
                 payload_hash.size() + 8);
    append_canonical_request(made, request, headers, how, payload_hash);
    return made;
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/core/error.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_ERROR_HPP
#define FARGATE_CORE_ERROR_HPP

namespace fargate::inline v0 {

/// What went wrong, told by what the caller can do about it.
enum class errc : unsigned char {
    invalid_argument,   ///< mend the value the message names; nothing was sent
    not_configured,     ///< this source has nothing to offer here: configure it, or ask the next one
    bad_configuration,  ///< mend the variable, file or option the message names
    not_found,          ///< the named file, object or definition does not exist
    timed_out,          ///< no answer inside the deadline: what was asked may have happened
    connection_failed,  ///< no connection to the host, or it broke: what was asked may have happened
    untrusted_peer,     ///< the server's certificate was refused: mend the trust store or the address
    too_large,          ///< the answer was longer than the limit: raise the limit or ask for less
    cancelled,          ///< the caller's stop token fired
    malformed_response, ///< an answer came that cannot be read: check that the address is the right service
    service_error,      ///< the service refused or failed: see service_code and http_status
    unauthorized,       ///< the service does not accept these credentials: mend them
    lost_claim,         ///< another agent owns this flow run: leave it alone
    internal            ///< a library this one stands on failed; the message names it
};

/// The stable lower-case name of a code, for logs: `timed_out`.
[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_configured: return "not_configured";
    case errc::bad_configuration: return "bad_configuration";
    case errc::not_found: return "not_found";
    case errc::timed_out: return "timed_out";
    case errc::connection_failed: return "connection_failed";
    case errc::untrusted_peer: return "untrusted_peer";
    case errc::too_large: return "too_large";
    case errc::cancelled: return "cancelled";
    case errc::malformed_response: return "malformed_response";
    case errc::service_error: return "service_error";
    case errc::unauthorized: return "unauthorized";
    case errc::lost_claim: return "lost_claim";
    case errc::internal: return "internal";
    }
    return "unknown";
}

/// Why an operation has no value. The message is lower case, one clause, one line, and never holds a secret.
/// Requires nothing; copying allocates only when a text does not fit the string's own buffer.
struct error {
    errc code = errc::internal;
    std::string message{};
    int http_status = 0;        ///< the HTTP status that was answered, 0 when none was
    std::string service_code{}; ///< the service's own name for it, e.g. `ClusterNotFoundException`
    bool retryable = false;     ///< the same call may succeed later, unchanged
    std::string request_id{};   ///< the service's id of the failed request, for its support
    std::vector<std::string>
        resources{}; ///< what the service names as concerned, e.g. ConflictException's `resourceIds`
};

/// An error of this library's own making: `fail(errc::timed_out, "no answer in 30000 ms", true)`.
[[nodiscard]] inline error fail(errc code, std::string message, bool retryable = false) {
    error made;
    made.code = code;
    made.message = std::move(message);
    made.retryable = retryable;
    return made;
}

} // namespace fargate::inline v0

#endif

// ---- fargate/core/result.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_RESULT_HPP
#define FARGATE_CORE_RESULT_HPP

namespace fargate::inline v0 {

/// A value, or the reason there is none. Shaped like `std::expected<T, error>`, and the same type in every language
/// mode, so that two translation units always agree on it. Never throws by itself.
/// Requires: `*r` and `r->` only when `r` holds a value, `r.error()` only when it does not.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : held(std::move(value)), has_value_{true} {}
    result(fargate::error why) noexcept : reason(std::move(why)), has_value_{false} {}

    result(result const& other) requires std::is_copy_constructible_v<T> : has_value_{other.has_value_} {
        if (has_value_)
            ::new (static_cast<void*>(&held)) T(other.held);
        else
            ::new (static_cast<void*>(&reason)) fargate::error(other.reason);
    }
    result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_{other.has_value_} {
        if (has_value_)
            ::new (static_cast<void*>(&held)) T(static_cast<T&&>(other.held));
        else
            ::new (static_cast<void*>(&reason)) fargate::error(static_cast<fargate::error&&>(other.reason));
    }

    result& operator=(result other) noexcept {
        static_assert(std::is_nothrow_move_constructible_v<T>);
        this->~result();
        return *::new (static_cast<void*>(this)) result(static_cast<result&&>(other));
    }
    ~result() {
        if (has_value_)
            held.~T();
        else
            reason.~error();
    }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value_; }

    [[nodiscard]] T& operator*() & noexcept { return held; }
    [[nodiscard]] T const& operator*() const& noexcept { return held; }
    [[nodiscard]] T&& operator*() && noexcept { return static_cast<T&&>(held); }
    [[nodiscard]] T* operator->() noexcept { return &held; }
    [[nodiscard]] T const* operator->() const noexcept { return &held; }

    [[nodiscard]] fargate::error& error() & noexcept { return reason; }
    [[nodiscard]] fargate::error const& error() const& noexcept { return reason; }
    [[nodiscard]] fargate::error&& error() && noexcept { return static_cast<fargate::error&&>(reason); }

    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value_ ? held : static_cast<T>(std::forward<U>(fallback));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& fallback) && {
        return has_value_ ? static_cast<T&&>(held) : static_cast<T>(std::forward<U>(fallback));
    }

    /// Calls `next(value)`, itself a result, or passes the error on.
    template <class Next>
    [[nodiscard]] auto and_then(Next&& next) && -> std::remove_cvref_t<std::invoke_result_t<Next, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Next>(next)(*std::move(*this));
    }

private:
    // Not a std::variant, which every user of every result would pay for in compile time.
    union {
        T held;
        fargate::error reason;
    };
    bool has_value_;
};

/// Success, or the reason it did not come.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() = default;
    result(fargate::error why) noexcept : error_{std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    [[nodiscard]] explicit operator bool() const noexcept { return !error_; }

    [[nodiscard]] fargate::error& error() & noexcept { return *error_; }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *error_; }
    [[nodiscard]] fargate::error&& error() && noexcept { return *std::move(error_); }

private:
    std::optional<fargate::error> error_;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/text/timestamp.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_TIMESTAMP_HPP
#define FARGATE_TEXT_TIMESTAMP_HPP

namespace fargate::inline v0::text {

/// A point in time, UTC, in microseconds since 1970; the same type as `fargate::time_point`.
using instant = std::chrono::sys_time<std::chrono::microseconds>;

/// The first and the last moment that four digits of year can write. The functions that write clamp to them.
inline constexpr instant earliest_written = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
inline constexpr instant latest_written =
    std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - std::chrono::microseconds{1};

namespace detail {

/// The calendar fields of a moment.
struct civil {
    unsigned year, month, day, hour, minute, second, microsecond;
};

[[nodiscard]] constexpr civil civil_of(instant moment) noexcept {
    moment = std::clamp(moment, earliest_written, latest_written);
    auto const midnight = std::chrono::floor<std::chrono::days>(moment);
    std::chrono::year_month_day const date{midnight};
    auto const micros = static_cast<std::uint64_t>((moment - midnight).count());
    auto const seconds = static_cast<unsigned>(micros / 1'000'000);
    return {static_cast<unsigned>(static_cast<int>(date.year())),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            static_cast<unsigned>(micros % 1'000'000)};
}

/// Appends `width` decimal digits of `value`.
template <class Text>
void append_digits(Text& out, unsigned value, unsigned width) {
    char* const digits = extend(out, width);
    for (unsigned i = width; i-- != 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
}

/// Reads fixed-width text from the front. A step that does not fit leaves `ok` false for good.
class reader {
public:
    constexpr explicit reader(std::string_view text) noexcept : rest_{text} {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    [[nodiscard]] constexpr bool done() const noexcept { return ok_ && rest_.empty(); }
    [[nodiscard]] constexpr char front() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }

    constexpr unsigned digits(std::size_t width) noexcept {
        unsigned value = 0;
        for (; width != 0; --width) {
            if (!is_digit(front())) ok_ = false;
            if (!ok_) return 0;
            value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }

    /// Takes one of the characters of `set`.
    constexpr char one_of(std::string_view set) noexcept {
        char const c = front();
        if (!ok_ || rest_.empty() || set.find(c) == std::string_view::npos) {
            ok_ = false;
            return '\0';
        }
        rest_.remove_prefix(1);
        return c;
    }

    /// Takes `word`, in any case.
    constexpr bool accept(std::string_view word) noexcept {
        if (!ok_ || !iequals(rest_.substr(0, word.size()), word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    constexpr void expect(std::string_view word) noexcept {
        if (!accept(word)) ok_ = false;
    }

    /// Takes one of the words of `list` and returns its place.
    template <std::size_t Count>
    constexpr unsigned word_of(std::string_view const (&list)[Count]) noexcept {
        for (std::size_t i = 0; i != Count; ++i)
            if (accept(list[i])) return static_cast<unsigned>(i);
        ok_ = false;
        return 0;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// The moment that calendar fields name; nothing when there is no such day or time. Second 60 is a leap second, which
/// UTC as computers count it does not have: it reads as the second after.
[[nodiscard]] constexpr std::optional<instant> moment_of(civil const& c) noexcept {
    std::chrono::year_month_day const date{std::chrono::year{static_cast<int>(c.year)}, std::chrono::month{c.month},
                                           std::chrono::day{c.day}};
    if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::seconds{c.hour * 3600 + c.minute * 60 + c.second} +
           std::chrono::microseconds{c.microsecond};
}

inline constexpr std::string_view month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::string_view long_day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                      "Friday", "Saturday", "Sunday"};
inline constexpr std::string_view day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

constexpr void read_time(reader& from, civil& into) noexcept {
    into.hour = from.digits(2);
    from.expect(":");
    into.minute = from.digits(2);
    from.expect(":");
    into.second = from.digits(2);
}

} // namespace detail

/// Appends `20240102T030405Z`, as AWS signs it; a fraction is dropped.
template <class Text>
void append_amz_timestamp(Text& out, instant moment) {
    auto const c = detail::civil_of(moment);
    detail::append_digits(out, c.year * 10000 + c.month * 100 + c.day, 8);
    out += 'T';
    detail::append_digits(out, c.hour * 10000 + c.minute * 100 + c.second, 6);
    out += 'Z';
}

/// The same as a text of its own.
[[nodiscard]] inline std::string amz_timestamp(instant moment) {
    std::string made;
    made.reserve(16);
    append_amz_timestamp(made, moment);
    return made;
}

/// Reads what `amz_timestamp` writes, and nothing else.
[[nodiscard]] constexpr std::optional<instant> parse_amz_timestamp(std::string_view text) noexcept {
    detail::reader from{text};
    detail::civil c{};
    c.year = from.digits(4);
    c.month = from.digits(2);
    c.day = from.digits(2);
    from.one_of("T");
    c.hour = from.digits(2);
    c.minute = from.digits(2);
    c.second = from.digits(2);
    from.one_of("Z");
    return from.done() ? detail::moment_of(c) : std::nullopt;
}

/// `2020-12-08T17:00:00.123456+00:00`, the text of Python's `isoformat` for UTC: six digits of fraction, or none when
/// it is zero.
[[nodiscard]] inline std::string iso8601(instant moment) {
    auto const c = detail::civil_of(moment);
    std::string made;
    made.reserve(32);
    unsigned const fields[] = {c.year, c.month, c.day, c.hour, c.minute, c.second};
    constexpr char before[] = {'\0', '-', '-', 'T', ':', ':'};
    for (std::size_t i = 0; i != std::size(fields); ++i) {
        if (i != 0) made += before[i];
        detail::append_digits(made, fields[i], i == 0 ? 4 : 2);
    }
    if (c.microsecond != 0) {
        made += '.';
        detail::append_digits(made, c.microsecond, 6);
    }
    made += "+00:00";
    return made;
}

/// Reads `YYYY-MM-DDThh:mm:ss`, with a blank for the `T` if need be, then a fraction of up to nine digits (what is finer
/// than a microsecond is dropped), then `Z`, `+hh:mm`, `+hhmm`, `+hh` or nothing, which means UTC. Nothing for any other
/// text, and for days and times that do not exist.
[[nodiscard]] constexpr std::optional<instant> parse_iso8601(std::string_view text) noexcept {
    detail::reader from{text};
    detail::civil c{};
    c.year = from.digits(4);
    from.expect("-");
    c.month = from.digits(2);
    from.expect("-");
    c.day = from.digits(2);
    from.one_of("Tt ");
    detail::read_time(from, c);
    if (from.accept(".")) {
        c.microsecond = from.digits(1) * 100'000;
        unsigned weight = 10'000;
        for (int more = 8; more != 0 && is_digit(from.front()); --more, weight /= 10)
            c.microsecond += from.digits(1) * weight;
    }
    std::chrono::minutes offset{0};
    if (!from.accept("Z") && !from.done()) {
        bool const east = from.one_of("+-") == '+';
        unsigned const hours = from.digits(2);
        unsigned minutes = 0;
        if (from.accept(":") || is_digit(from.front())) minutes = from.digits(2);
        if (hours > 23 || minutes > 59) return std::nullopt;
        offset = std::chrono::minutes{hours * 60 + minutes} * (east ? 1 : -1);
    }
    if (!from.done()) return std::nullopt;
    auto const local = detail::moment_of(c);
    if (!local) return std::nullopt;
    return *local - offset;
}

/// Reads the `Date` field of HTTP (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms
/// `Sunday, 06-Nov-94 08:49:37 GMT` (a year below 70 is of the century from 2000) and `Sun Nov  6 08:49:37 1994`.
/// The name of the day has to be one, but is not compared with the date.
[[nodiscard]] constexpr std::optional<instant> parse_http_date(std::string_view text) noexcept {
    detail::civil c{};
    if (detail::reader from{text}; from.word_of(detail::long_day_names), from.ok()) {
        from.expect(", ");
        c.day = from.digits(2);
        from.expect("-");
        c.month = from.word_of(detail::month_names) + 1;
        from.expect("-");
        c.year = from.digits(2);
        c.year += c.year < 70 ? 2000 : 1900;
        from.expect(" ");
        detail::read_time(from, c);
        from.expect(" GMT");
        return from.done() ? detail::moment_of(c) : std::nullopt;
    }
    detail::reader from{text};
    from.word_of(detail::day_names);
    if (from.accept(", ")) {
        c.day = from.digits(2);
        from.expect(" ");
        c.month = from.word_of(detail::month_names) + 1;
        from.expect(" ");
        c.year = from.digits(4);
        from.expect(" ");
        detail::read_time(from, c);
        from.expect(" GMT");
        return from.done() ? detail::moment_of(c) : std::nullopt;
    }
    from.expect(" ");
    c.month = from.word_of(detail::month_names) + 1;
    from.expect(" ");
    c.day = from.accept(" ") ? from.digits(1) : from.digits(2);
    from.expect(" ");
    detail::read_time(from, c);
    from.expect(" ");
    c.year = from.digits(4);
    return from.done() ? detail::moment_of(c) : std::nullopt;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/sigv4/check.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_CHECK_HPP
#define FARGATE_SIGV4_CHECK_HPP

// What must not be signed, because it could be read in two ways or would only be refused by the service.

namespace fargate::inline v0::sigv4 {

namespace detail {

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return text::is_token_character(c); });
}

/// A control byte in `text`, but for those of `allowed`.
[[nodiscard]] inline bool has_control(std::string_view text, std::string_view allowed = "") noexcept {
    text.remove_prefix(text::first_outside(text, ' ', '~'));
    return std::any_of(text.begin(), text.end(), [allowed](char c) {
        return (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) && allowed.find(c) == std::string_view::npos;
    });
}

/// Visible ASCII, and nothing that ends it early inside `Authorization`.
[[nodiscard]] constexpr bool is_plain(std::string_view text, char forbidden, char forbidden_too) noexcept {
    for (char const c : text)
        if (c < '!' || c > '~' || c == forbidden || c == forbidden_too) return false;
    return true;
}

[[nodiscard]] constexpr bool is_payload_hash(std::string_view text) noexcept {
    return text == unsigned_payload || (text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
                                            return text::hex_value(c) >= 0 && !text::is_upper(c);
                                        }));
}

/// A header that the signer itself adds.
[[nodiscard]] constexpr bool is_added(std::string_view name) noexcept {
    switch (name.size()) {
    case 10: return text::iequals(name, "x-amz-date");
    case 13: return text::iequals(name, "authorization");
    case 20: return text::iequals(name, "x-amz-security-token") || text::iequals(name, "x-amz-content-sha256");
    default: return false;
    }
}

/// A query parameter that the signer itself adds.
[[nodiscard]] inline bool is_added_parameter(std::string_view coded) {
    constexpr std::string_view list[] = {"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",
                                         "X-Amz-Expires",   "X-Amz-SignedHeaders", "X-Amz-Security-Token",
                                         "X-Amz-Signature"};
    std::string const name = text::percent_decode(coded);
    return std::any_of(std::begin(list), std::end(list), [&](auto each) { return text::iequals(name, each); });
}

[[nodiscard]] inline result<void> check_headers(std::span<header_view const> headers) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    std::size_t hosts = 0;
    for (auto const& each : headers) {
        if (!is_token(each.name)) return refuse("a header's name holds characters that no header name may hold");
        if (has_control(each.value, "\t"))
            return fail(errc::invalid_argument, "header " + std::string{each.name.substr(0, 64)} +
                                                    " holds a control byte such as a line break: take it out");
        if (is_added(each.name))
            return fail(errc::invalid_argument,
                        "the request has a header " + text::lower(each.name) + " already: the signer adds that");
        if (!text::iequals(each.name, "host")) continue;
        if (text::trim(each.value).empty()) return refuse("the request's host header is empty");
        ++hosts;
    }
    if (hosts == 0) return refuse("the request has no host header: a signature is good for one host");
    if (hosts > 1) return refuse("the request has two host headers: leave one");
    return {};
}

} // namespace detail

/// Whether a request may be signed: method, path and query are fit for a request line; header names and values are fit
/// for headers; there is one `host`; nothing that the signer adds is there already, in a header or in the query; key and
/// scope are complete. Otherwise `errc::invalid_argument` with what to mend; no value is quoted.
[[nodiscard]] inline result<void> check(request_view const& request, key_view const& key, scope const& where,
                                        text::instant when, settings const& how) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    if (key.access_key_id.empty()) return refuse("the access key has no id");
    if (key.secret_access_key.empty()) return refuse("the access key has no secret");
    if (!detail::is_plain(key.access_key_id, ',', ','))
        return refuse("the access key's id holds a comma, or something other than visible ASCII");
    if (text::first_outside(key.session_token, '!', '~') != key.session_token.size())
        return refuse("the session token holds something other than visible ASCII: copy it again");
    if (where.region.empty()) return refuse("there is no region to sign for");
    if (where.service.empty()) return refuse("there is no service to sign for");
    if (!detail::is_plain(where.region, '/', ','))
        return refuse("the region holds a slash, a comma, or something other than visible ASCII");
    if (!detail::is_plain(where.service, '/', ','))
        return refuse("the service holds a slash, a comma, or something other than visible ASCII");
    if (when < text::earliest_written || when > text::latest_written)
        return refuse("the time is outside the years 0 to 9999: look at the clock");
    if (!how.payload_hash.empty() && !detail::is_payload_hash(how.payload_hash))
        return refuse("the payload hash is neither 64 lower-case hex digits nor UNSIGNED-PAYLOAD");

    if (!detail::is_token(request.method)) return refuse("the method is no HTTP method");
    if (std::any_of(request.method.begin(), request.method.end(), text::is_lower))
        return refuse("the method is in lower case: services compare it as it is");
    if (!request.path.empty() && request.path.front() != '/') return refuse("the path does not begin with /");
    if (request.path.find('?') != std::string_view::npos || request.path.find('#') != std::string_view::npos)
        return refuse("the path holds a ? or #: write it as %3F or %23");
    if (request.query.find('#') != std::string_view::npos) return refuse("the query holds a #: write it as %23");
    if (detail::has_control(request.path) || detail::has_control(request.query))
        return refuse("the path or the query holds a control byte: write it as %XX");
    for (std::string_view rest = request.query; !rest.empty();) {
        auto const end = std::min(rest.find('&'), rest.size());
        std::string_view const pair = rest.substr(0, end);
        if (detail::is_added_parameter(pair.substr(0, pair.find('='))))
            return refuse("the query is signed already: the signer adds its X-Amz- parameters");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return detail::check_headers(request.headers);
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/sigv4/signing_key.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SIGNING_KEY_HPP
#define FARGATE_SIGV4_SIGNING_KEY_HPP

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

// ---- fargate/sigv4/sign.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SIGN_HPP
#define FARGATE_SIGV4_SIGN_HPP

namespace fargate::inline v0::crypto {

class openssl_hash; // in <fargate/crypto/openssl.hpp>, which only callers that leave the hash out have to include

} // namespace fargate::inline v0::crypto

// Signature Version 4 (AWS General Reference, "Signing AWS API requests"). Pure functions: the same arguments give the
// same signature, and nothing is asked of clock, network or environment.

namespace fargate::inline v0::sigv4 {

/// A header that a signed request carries, borrowed from its `signed_headers`.
struct signed_header {
    std::string_view name;
    std::string_view value;
};

/// The headers to set on a request so that it is signed: `X-Amz-Date` and `Authorization`, and as the case may be
/// `X-Amz-Security-Token` and `x-amz-content-sha256`. A range of `signed_header`, whose text lies in here.
class signed_headers {
public:
    class iterator {
    public:
        iterator(signed_headers const& of, std::size_t place) noexcept : of_{&of}, place_{place} {}

        [[nodiscard]] signed_header operator*() const noexcept { return (*of_)[place_]; }
        iterator& operator++() noexcept {
            ++place_;
            return *this;
        }
        [[nodiscard]] bool operator==(iterator const&) const noexcept = default;

    private:
        signed_headers const* of_;
        std::size_t place_;
    };

    signed_headers() noexcept {} // clears no more than has to be

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] signed_header operator[](std::size_t place) const noexcept {
        auto const end = place + 1 == count_ ? text_.size() : begins_[place + 1];
        return {names_[place], text_.view().substr(begins_[place], end - begins_[place])};
    }
    [[nodiscard]] iterator begin() const noexcept { return {*this, 0}; }
    [[nodiscard]] iterator end() const noexcept { return {*this, count_}; }

    /// The 64 digits that `Authorization`, the last of them, ends in.
    [[nodiscard]] std::string_view signature() const noexcept {
        return text_.view().substr(text_.size() - std::min<std::size_t>(text_.size(), 64));
    }

    /// Begins a header. Its value is all that is appended to what comes back, until the next begins.
    auto& add(std::string_view name) noexcept {
        names_[count_] = name;
        begins_[count_++] = text_.size();
        return text_;
    }

private:
    std::array<std::string_view, 4> names_{};
    std::array<std::size_t, 4> begins_{};
    std::size_t count_ = 0;
    text::buffer<2048> text_{};
};

/// Appends the last line of a canonical request: the hash of the body, or what `how` puts in its place.
template <class Text, crypto::hash_policy Hash>
void append_payload_hash(Text& out, std::string_view body, settings const& how, Hash const& hash) {
    if (!how.payload_hash.empty())
        out += how.payload_hash;
    else if (body.empty())
        out += std::string_view{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
    else
        text::append_hex(out, crypto::bytes_of(hash.sha256(body)));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string payload_hash(std::string_view body, settings const& how, Hash const& hash) {
    std::string made;
    append_payload_hash(made, body, how, hash);
    return made;
}

/// Appends the text that is signed; `timestamp` is `20240102T030405Z`.
template <class Text, crypto::hash_policy Hash>
void append_string_to_sign(Text& out, std::string_view timestamp, scope const& where, std::string_view canonical,
                           Hash const& hash) {
    out += std::string_view{"AWS4-HMAC-SHA256\n"};
    out += timestamp;
    out += '\n';
    append_credential_scope(out, timestamp.substr(0, 8), where);
    out += '\n';
    text::append_hex(out, crypto::bytes_of(hash.sha256(canonical)));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string string_to_sign(std::string_view timestamp, scope const& where, std::string_view canonical,
                                         Hash const& hash) {
    std::string made;
    made.reserve(160);
    append_string_to_sign(made, timestamp, where, canonical, hash);
    return made;
}

/// Appends the signature of a canonical request, in hex: the stages after it in one go. `cache` may be null.
template <class Text, crypto::hash_policy Hash>
void append_signature(Text& out, std::string_view canonical, key_view const& key, scope const& where,
                      std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    text::buffer<256> to_sign;
    append_string_to_sign(to_sign, timestamp, where, canonical, hash);
    std::string_view const date = timestamp.substr(0, 8);
    auto const made = cache != nullptr
                          ? cache->hmac(key, date, where, to_sign, hash)
                          : hash.hmac_sha256(signing_key(key.secret_access_key, date, where, hash).reveal(), to_sign);
    text::append_hex(out, crypto::bytes_of(made));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string signature(std::string_view canonical, key_view const& key, scope const& where,
                                    std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    std::string made;
    append_signature(made, canonical, key, where, timestamp, cache, hash);
    return made;
}

/// Signs a request in its headers. `when` is the time it is sent, which the service compares with its own clock. `cache`,
/// when there is one, keeps signing keys between calls. Refuses with `errc::invalid_argument`, saying what to mend, a
/// request that must not be sent or cannot be signed: see `check`.
///
/// Goes over the request once, and allocates nothing as long as it has at most 9 headers, a head of less than 4 KB and a
/// token of less than 1.5 KB, and the cache knows the key.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<signed_headers> sign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto fine = check(request, key, where, when, how); !fine) return std::move(fine).error();
    text::buffer<16> timestamp;
    text::append_amz_timestamp(timestamp, when);
    text::buffer<64> payload;
    append_payload_hash(payload, request.body, how, hash);

    std::array<header_view, 3> added{};
    std::size_t count = 0;
    added[count++] = {"X-Amz-Date", timestamp};
    if (how.content_sha256) added[count++] = {"x-amz-content-sha256", payload};
    bool const has_token = !key.session_token.empty();
    if (has_token && how.token == token_rule::sign) added[count++] = {"X-Amz-Security-Token", key.session_token};
    canonical_headers const headers{request.headers, std::span{added}.first(count)};
    text::buffer<4096> canonical;
    append_canonical_request(canonical, request, headers, how, payload);

    result<signed_headers> made{signed_headers()};
    made->add("X-Amz-Date") += timestamp;
    if (has_token) made->add("X-Amz-Security-Token") += key.session_token;
    if (how.content_sha256) made->add("x-amz-content-sha256") += payload;
    auto& authorization = made->add("Authorization");
    authorization += "AWS4-HMAC-SHA256 Credential=";
    authorization += key.access_key_id;
    authorization += '/';
    append_credential_scope(authorization, timestamp.view().substr(0, 8), where);
    authorization += ", SignedHeaders=";
    authorization += headers.names();
    authorization += ", Signature=";
    append_signature(authorization, canonical, key, where, timestamp, cache, hash);
    return made;
}

/// Signs a request in its query, so that whoever holds the URL can send it, with the headers that are in `request` and no
/// others of `x-amz-`, until `expires` has passed (1 second to 7 days, and no longer than the key itself is good). Returns
/// the whole query without `?`. Where S3's settings would tell the payload hash in a header, the payload is not signed.
/// Refuses as `sign` does.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<std::string> presign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, std::chrono::seconds expires, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto fine = check(request, key, where, when, how); !fine) return std::move(fine).error();
    if (expires < std::chrono::seconds{1} || expires > std::chrono::days{7})
        return fail(errc::invalid_argument, "a presigned request lives from 1 to 604800 seconds");
    std::string const timestamp = text::amz_timestamp(when);
    canonical_headers const headers{request.headers};
    std::string credential{key.access_key_id};
    credential += '/';
    append_credential_scope(credential, std::string_view{timestamp}.substr(0, 8), where);
    std::string token;
    if (!key.session_token.empty()) {
        token = "&X-Amz-Security-Token=";
        text::append_percent(token, key.session_token);
    }

    std::string query{request.query};
    if (!query.empty()) query += '&';
    query += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
    text::append_percent(query, credential);
    query += "&X-Amz-Date=";
    query += timestamp;
    query += "&X-Amz-SignedHeaders=";
    text::append_percent(query, headers.names());
    query += "&X-Amz-Expires=";
    query += std::to_string(expires.count());
    if (how.token == token_rule::sign) query += token;

    request_view complete = request;
    complete.query = query;
    std::string const payload = how.content_sha256 && how.payload_hash.empty() ? std::string{unsigned_payload}
                                                                               : payload_hash(request.body, how, hash);
    std::string const made =
        signature(canonical_request(complete, headers, how, payload), key, where, timestamp, cache, hash);
    if (how.token == token_rule::omit) query += token;
    query += "&X-Amz-Signature=";
    query += made;
    return query;
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/version.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_VERSION_HPP
#define FARGATE_VERSION_HPP

// The one place the version is written; CMake and the amalgamation read it from here.
#define FARGATE_VERSION_MAJOR 0
#define FARGATE_VERSION_MINOR 1
#define FARGATE_VERSION_PATCH 0
#define FARGATE_VERSION_STRING "0.1.0"

#endif

// ---- fargate/sigv4.hpp ----------------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_HPP
#define FARGATE_SIGV4_HPP

// The front door to signing alone: needs OpenSSL and the standard library, no libcurl and no JSON.

#endif
