#include <fargate/sigv4/sign.hpp>

#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>

#include <array>
#include <cstdlib>
#include <new>
#include <string>

using namespace fargate;

// What signing allocates. OpenSSL's own memory comes from malloc, and is not counted.

namespace {

int allocations = 0;

} // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const made = std::malloc(size)) return made;
    std::abort();
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return operator new(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }

TEST_CASE("a signature whose key is cached allocates nothing, up to sizes that no call reaches") {
    std::string const body(1500, 'b');
    std::array<sigv4::header_view, 9> headers{
        sigv4::header_view{"Content-Type", "application/x-amz-json-1.1"},
        sigv4::header_view{"Host", "ecs.us-east-1.amazonaws.com"},
        sigv4::header_view{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RunTask"},
    };
    for (auto& each : headers)
        if (each.name.empty()) each = {"X-Amz-Meta", "value"};
    crypto::openssl_hash const hash;
    sigv4::signing_key_cache cache;
    auto const sign_with = [&](std::string_view token, sigv4::settings const& how) {
        sigv4::request_view const request{"POST", "/", "", headers, body};
        sigv4::key_view const key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, 1};
        int const before = allocations;
        auto const made = sigv4::sign(request, key, {"us-gov-west-1", "ecs"}, text::instant{}, how, &cache, hash);
        int const after = allocations;
        REQUIRE(made);
        return after - before;
    };
    CHECK(sign_with("", {}) > 0); // the key
    for (std::size_t const size : {0U, 1U, 1000U, 1500U})
        for (auto const& how : {sigv4::settings{}, sigv4::s3}) {
            CAPTURE(size, how.content_sha256);
            CHECK(sign_with(std::string(size, 't'), how) == 0);
        }
    CHECK(sign_with(std::string(5000, 't'), {}) > 0);
}
