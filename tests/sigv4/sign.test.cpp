#include <fargate/sigv4/sign.hpp>

#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

constexpr text::instant august = std::chrono::sys_days{2015y / 8 / 30} + 12h + 36min;
constexpr sigv4::key_view example_key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", 1};
constexpr sigv4::scope ecs{"us-east-1", "ecs"};
constexpr sigv4::header_view only_host[] = {{"Host", "example.amazonaws.com"}};

sigv4::request_view request_with(std::span<sigv4::header_view const> headers) {
    sigv4::request_view made;
    made.headers = headers;
    return made;
}

sigv4::request_view const plain = request_with(only_host);

std::string value_of(sigv4::signed_headers const& headers, std::string_view name) {
    for (auto const& each : headers)
        if (text::iequals(each.name, name)) return std::string{each.value};
    return "(absent)";
}

std::string signature_of(text::instant when, sigv4::key_view const& key = example_key,
                         sigv4::signing_key_cache* cache = nullptr) {
    auto const made = sigv4::sign(plain, key, ecs, when, {}, cache);
    REQUIRE(made);
    return std::string{made->signature()};
}

/// Counts the work that a signature takes.
struct counting_hash {
    crypto::openssl_hash real{};
    int* hashes;
    int* hmacs;

    [[nodiscard]] crypto::digest sha256(std::string_view data) const noexcept {
        ++*hashes;
        return real.sha256(data);
    }
    [[nodiscard]] crypto::digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        ++*hmacs;
        return real.hmac_sha256(key, data);
    }
};

} // namespace

TEST_CASE("the same arguments give the same signature, and each of them counts") {
    std::string const first = signature_of(august);
    CHECK(first.size() == 64);
    CHECK(signature_of(august) == first);
    CHECK(signature_of(august + 999'999us) == first); // AWS signs whole seconds
    std::vector<std::string> others{signature_of(august + 1s), signature_of(august, {"AKIDEXAMPLE", "other"})};
    auto const other = [&](sigv4::request_view const& request, sigv4::scope const& where) {
        auto const made = sigv4::sign(request, example_key, where, august);
        REQUIRE(made);
        others.emplace_back(made->signature());
    };
    sigv4::request_view changed = plain;
    other(plain, {"us-east-2", "ecs"});
    other(plain, {"us-east-1", "s3"});
    changed.method = "POST";
    other(changed, ecs);
    changed.body = "{}";
    other(changed, ecs);
    changed.path = "/x";
    other(changed, ecs);
    changed.query = "x";
    other(changed, ecs);
    std::array<sigv4::header_view, 2> const more{only_host[0], {"X-Amz-Target", "x"}};
    changed.headers = more;
    other(changed, ecs);
    others.push_back(first);
    std::sort(others.begin(), others.end());
    CHECK(std::adjacent_find(others.begin(), others.end()) == others.end());
}

TEST_CASE("a signature adds a date and an authorization, and no more than asked") {
    auto const made = sigv4::sign(plain, example_key, ecs, august);
    REQUIRE(made);
    CHECK(made->size() == 2);
    CHECK(value_of(*made, "x-amz-date") == "20150830T123600Z");
    CHECK(value_of(*made, "authorization") ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
          "SignedHeaders=host;x-amz-date, Signature=" +
              std::string{made->signature()});
}

TEST_CASE("S3's settings tell the payload hash in a header") {
    auto const made = sigv4::sign(plain, example_key, {"us-east-1", "s3"}, august, sigv4::s3);
    REQUIRE(made);
    CHECK(value_of(*made, "x-amz-content-sha256") ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(value_of(*made, "authorization").find("SignedHeaders=host;x-amz-content-sha256;x-amz-date,") !=
          std::string::npos);
    sigv4::settings how = sigv4::s3;
    how.payload_hash = sigv4::unsigned_payload;
    auto const without = sigv4::sign(plain, example_key, {"us-east-1", "s3"}, august, how);
    REQUIRE(without);
    CHECK(value_of(*without, "x-amz-content-sha256") == "UNSIGNED-PAYLOAD");
    CHECK(without->signature() != made->signature());
}

TEST_CASE("a session token is signed, or sent beside the signature") {
    sigv4::key_view temporary = example_key;
    temporary.session_token = "TOKEN/+=";
    auto const with = sigv4::sign(plain, temporary, ecs, august);
    REQUIRE(with);
    CHECK(value_of(*with, "x-amz-security-token") == "TOKEN/+=");
    CHECK(value_of(*with, "authorization").find("host;x-amz-date;x-amz-security-token,") != std::string::npos);
    CHECK(with->signature() != signature_of(august));

    sigv4::settings how;
    how.token = sigv4::token_rule::omit;
    auto const beside = sigv4::sign(plain, temporary, ecs, august, how);
    REQUIRE(beside);
    CHECK(value_of(*beside, "x-amz-security-token") == "TOKEN/+=");
    CHECK(beside->signature() == signature_of(august));
}

TEST_CASE("what proxies change is in the request and not in its signature") {
    std::array<sigv4::header_view, 3> const headers{
        only_host[0], {"User-Agent", "fargate"}, {"X-Amzn-Trace-Id", "Root=1"}};
    auto const made = sigv4::sign(request_with(headers), example_key, ecs, august);
    REQUIRE(made);
    CHECK(made->signature() == signature_of(august));
}

TEST_CASE("a TAB in a header value is signed as the space it means") {
    std::array<sigv4::header_view, 2> const tabbed{only_host[0], {"My-Header", "a\t\tb"}};
    std::array<sigv4::header_view, 2> const spaced{only_host[0], {"My-Header", "a b"}};
    auto const one = sigv4::sign(request_with(tabbed), example_key, ecs, august);
    auto const two = sigv4::sign(request_with(spaced), example_key, ecs, august);
    REQUIRE(one);
    REQUIRE(two);
    CHECK(one->signature() == two->signature());
}

TEST_CASE("both forms refuse what must not be signed") {
    std::array<sigv4::header_view, 2> const injected{only_host[0], {"My-Header", "a\r\nAuthorization: forged"}};
    auto const header = sigv4::sign(request_with(injected), example_key, ecs, august);
    REQUIRE_FALSE(header);
    CHECK(header.error().code == errc::invalid_argument);
    auto const query = sigv4::presign(request_with(injected), example_key, ecs, august, 1h);
    REQUIRE_FALSE(query);
    CHECK(query.error().code == errc::invalid_argument);
}

TEST_CASE("a presigned request lives from a second to a week") {
    for (auto const seconds : {0s, -1s, 604801s, std::chrono::seconds::max(), std::chrono::seconds::min()}) {
        auto const made = sigv4::presign(plain, example_key, ecs, august, seconds);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::invalid_argument);
    }
    for (auto const seconds : {1s, 604800s}) {
        auto const made = sigv4::presign(plain, example_key, ecs, august, seconds);
        REQUIRE(made);
        CHECK(made->find("&X-Amz-Expires=" + std::to_string(seconds.count()) + "&") != std::string::npos);
    }
}

TEST_CASE("a presigned request is not signed twice") {
    auto const once = sigv4::presign(plain, example_key, ecs, august, 1h);
    REQUIRE(once);
    sigv4::request_view again = plain;
    again.query = *once;
    CHECK_FALSE(sigv4::presign(again, example_key, ecs, august, 1h));
    CHECK_FALSE(sigv4::sign(again, example_key, ecs, august));
}

TEST_CASE("S3's settings presign without the payload, as its reference does") {
    constexpr sigv4::header_view host[] = {{"Host", "examplebucket.s3.amazonaws.com"}};
    sigv4::request_view object = request_with(host);
    object.path = "/test.txt";
    auto const made =
        sigv4::presign(object, {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
                       {"us-east-1", "s3"}, std::chrono::sys_days{2013y / 5 / 24}, std::chrono::days{1}, sigv4::s3);
    REQUIRE(made);
    CHECK(made->ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
}

TEST_CASE("a presigned query keeps the request's own and carries the token either way") {
    sigv4::key_view temporary = example_key;
    temporary.session_token = "TOKEN/+=";
    sigv4::request_view listing = plain;
    listing.query = "list-type=2&prefix=a%2Fb";
    sigv4::settings how;
    auto const with = sigv4::presign(listing, temporary, ecs, august, 1h, how);
    how.token = sigv4::token_rule::omit;
    auto const beside = sigv4::presign(listing, temporary, ecs, august, 1h, how);
    REQUIRE(with);
    REQUIRE(beside);
    for (auto const& each : {*with, *beside}) {
        CHECK(each.starts_with("list-type=2&prefix=a%2Fb&X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
        CHECK(each.find("&X-Amz-Security-Token=TOKEN%2F%2B%3D&") != std::string::npos);
        CHECK(each.find("&X-Amz-Security-Token=") == each.rfind("&X-Amz-Security-Token="));
    }
    CHECK(*with != *beside);
}

TEST_CASE("the cache changes no signature, over days and keys") {
    sigv4::signing_key_cache cache;
    text::instant const midnight = std::chrono::sys_days{2015y / 8 / 31};
    for (int round = 0; round != 2; ++round)
        for (text::instant const when : {august, midnight - 1us, midnight, midnight + 24h})
            for (sigv4::key_view const& key : {example_key, sigv4::key_view{"AKIDOTHER", "other", "", 2},
                                               sigv4::key_view{"AKIDZERO", "zero", "", 0}})
                CHECK(signature_of(when, key, &cache) == signature_of(when, key));
}

TEST_CASE("a cached signature hashes the body and the canonical request, and computes one HMAC") {
    sigv4::signing_key_cache cache;
    int hashes = 0, hmacs = 0;
    counting_hash const hash{{}, &hashes, &hmacs};
    sigv4::request_view request = plain;
    request.method = "POST";
    request.body = "{}";
    REQUIRE(sigv4::sign(request, example_key, ecs, august, {}, &cache, hash));
    CHECK(hashes == 2);
    CHECK(hmacs == 5);
    REQUIRE(sigv4::sign(request, example_key, ecs, august, {}, &cache, hash));
    CHECK(hashes == 4);
    CHECK(hmacs == 6);
    REQUIRE(sigv4::sign(plain, example_key, ecs, august, {}, &cache, hash));
    CHECK(hashes == 5); // the hash of no body is known
}

TEST_CASE("threads that share a cache sign the same") {
    sigv4::signing_key_cache cache;
    std::string const expected = signature_of(august);
    std::array<bool, 4> same{};
    std::vector<std::thread> threads;
    for (bool& each : same)
        threads.emplace_back([&each, &cache, &expected] {
            each = true;
            for (int round = 0; round != 50; ++round) {
                auto const made = sigv4::sign(plain, example_key, ecs, august, {}, &cache);
                auto const later = sigv4::sign(plain, example_key, ecs, august + 24h * (round % 3), {}, &cache);
                each = each && made && made->signature() == expected && later;
            }
        });
    for (auto& each : threads) each.join();
    CHECK(same == std::array<bool, 4>{true, true, true, true});
}
