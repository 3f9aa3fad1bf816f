#ifndef FARGATE_TESTS_BENCH_STRAIGHT_LINE_HPP
#define FARGATE_TESTS_BENCH_STRAIGHT_LINE_HPP

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

// What somebody writes by hand who signs RunTask in one region and nothing else: no check, no sorting, one buffer, the states
// of the HMAC kept. It is the floor that ours is measured against, in two forms: OpenSSL's low-level functions, which are
// deprecated and know no FIPS provider, and EVP.

namespace bench {

using digest = std::array<unsigned char, 32>;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// SHA-256 by the low-level functions.
struct low_level {
    SHA256_CTX state{};

    void begin() { SHA256_Init(&state); }
    void begin_as(low_level const& other) { state = other.state; }
    void add(void const* data, std::size_t size) { SHA256_Update(&state, data, size); }
    void end(digest& into) { SHA256_Final(into.data(), &state); }
};

#pragma GCC diagnostic pop

/// SHA-256 by EVP, with the algorithm looked up once.
struct through_evp {
    EVP_MD_CTX* state = EVP_MD_CTX_new();

    through_evp() = default;
    through_evp(through_evp const&) = delete;
    through_evp& operator=(through_evp const&) = delete;
    ~through_evp() { EVP_MD_CTX_free(state); }

    static EVP_MD const* algorithm() {
        static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return fetched;
    }
    void begin() { EVP_DigestInit_ex2(state, algorithm(), nullptr); }
    void begin_as(through_evp const& other) { EVP_MD_CTX_copy_ex(state, other.state); }
    void add(void const* data, std::size_t size) { EVP_DigestUpdate(state, data, size); }
    void end(digest& into) { EVP_DigestFinal_ex(state, into.data(), nullptr); }
};

template <class Sha>
class straight_line {
public:
    straight_line(std::string_view id, std::string_view secret) : id_{id}, secret_{secret} {}

    /// The headers that are added; they lie in here until the next call.
    struct added {
        std::string_view date, authorization;
    };

    added sign(std::string_view body, std::string_view token, std::string_view host, std::time_t when) {
        std::tm utc{};
        gmtime_r(&when, &utc);
        two(date_, (utc.tm_year + 1900) / 100);
        two(date_ + 2, (utc.tm_year + 1900) % 100);
        two(date_ + 4, utc.tm_mon + 1);
        two(date_ + 6, utc.tm_mday);
        date_[8] = 'T';
        two(date_ + 9, utc.tm_hour);
        two(date_ + 11, utc.tm_min);
        two(date_ + 13, utc.tm_sec);
        date_[15] = 'Z';
        std::string_view const date{date_, 16};
        char hex[64];
        hash(body, hex);

        at_ = text_;
        put("POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:");
        put(host);
        put("\nx-amz-date:");
        put(date);
        put("\nx-amz-security-token:");
        put(token);
        put("\nx-amz-target:AmazonEC2ContainerServiceV20141113.RunTask\n\n"
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target\n");
        put({hex, sizeof hex});
        hash(written(), hex);

        at_ = text_;
        put("AWS4-HMAC-SHA256\n");
        put(date);
        put("\n");
        put(date.substr(0, 8));
        put("/us-east-1/ecs/aws4_request\n");
        put({hex, sizeof hex});
        if (std::memcmp(day_, date_, 8) != 0) derive(date.substr(0, 8));
        digest result;
        sha_.begin_as(inner_);
        sha_.add(text_, written().size());
        sha_.end(result);
        sha_.begin_as(outer_);
        sha_.add(result.data(), result.size());
        sha_.end(result);
        digits(result, hex);

        at_ = text_;
        put("AWS4-HMAC-SHA256 Credential=");
        put(id_);
        put("/");
        put(date.substr(0, 8));
        put("/us-east-1/ecs/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=");
        put({hex, sizeof hex});
        return {date, written()};
    }

private:
    static void two(char* into, int value) {
        into[0] = static_cast<char>('0' + value / 10);
        into[1] = static_cast<char>('0' + value % 10);
    }

    static void digits(digest const& bytes, char* into) {
        for (unsigned char const each : bytes) {
            *into++ = "0123456789abcdef"[each >> 4U];
            *into++ = "0123456789abcdef"[each & 0xFU];
        }
    }

    void hash(std::string_view data, char* hex) {
        digest made;
        sha_.begin();
        sha_.add(data.data(), data.size());
        sha_.end(made);
        digits(made, hex);
    }

    void put(std::string_view part) {
        std::memcpy(at_, part.data(), part.size());
        at_ += part.size();
    }

    [[nodiscard]] std::string_view written() const { return {text_, static_cast<std::size_t>(at_ - text_)}; }

    /// Leaves the states of the HMAC under `key` behind.
    void ready(std::string_view key) {
        unsigned char pad[64] = {};
        std::memcpy(pad, key.data(), key.size());
        for (unsigned char& each : pad) each ^= 0x36U;
        inner_.begin();
        inner_.add(pad, sizeof pad);
        for (unsigned char& each : pad) each ^= 0x36U ^ 0x5CU;
        outer_.begin();
        outer_.add(pad, sizeof pad);
    }

    void derive(std::string_view day) {
        std::string key = "AWS4" + secret_;
        for (std::string_view const part :
             {day, std::string_view{"us-east-1"}, std::string_view{"ecs"}, std::string_view{"aws4_request"}}) {
            ready(key);
            digest made;
            sha_.begin_as(inner_);
            sha_.add(part.data(), part.size());
            sha_.end(made);
            sha_.begin_as(outer_);
            sha_.add(made.data(), made.size());
            sha_.end(made);
            key.assign(reinterpret_cast<char const*>(made.data()), made.size());
        }
        ready(key);
        std::memcpy(day_, day.data(), 8);
    }

    std::string id_, secret_;
    Sha sha_{}, inner_{}, outer_{};
    char day_[8] = {};
    char date_[16] = {};
    char text_[8192];
    char* at_ = text_;
};

} // namespace bench

#endif
