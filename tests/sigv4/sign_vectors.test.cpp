#include <fargate/sigv4/sign.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/text/uri.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

// The published and recorded signatures (tests/vectors/README.md), stage by stage.

using namespace fargate;

namespace {

crypto::openssl_hash const hash;

std::string get(json::value const& from, char const* key) { return testing_support::text(from, key); }
bool flag(json::value const& from, char const* key) { return json::flag_of(from, key).value_or(false); }

/// One request of sigv4-suite.json with its context.
struct published {
    std::string name, method, path, query, body, region, service, id, secret, token, amz_date, payload;
    std::vector<std::pair<std::string, std::string>> headers;
    text::instant when{};
    std::chrono::seconds expires{};
    sigv4::settings how{};

    explicit published(json::value const& from) {
        auto const& request = *json::object_of(from, "request");
        auto const& context = *json::object_of(from, "context");
        name = get(from, "name");
        method = get(request, "method");
        path = get(request, "path");
        query = get(request, "query");
        if (flag(context, "sign_body")) body = get(request, "body");
        for (auto const& each : *json::array_of(request, "headers")) {
            std::string header{*json::as_text(each[0])};
            // The five of botocore come with the date that the signer adds.
            if (text::iequals(header, "x-amz-date")) continue;
            headers.emplace_back(std::move(header), *json::as_text(each[1]));
        }
        region = get(context, "region");
        service = get(context, "service");
        id = get(context, "access_key_id");
        secret = get(context, "secret_access_key");
        token = get(context, "token");
        amz_date = get(context, "amz_date");
        payload = get(context, "payload");
        when = text::parse_iso8601(get(context, "timestamp")).value();
        expires = std::chrono::seconds{json::integer_of(context, "expiration_in_seconds").value_or(0)};
        how.normalize_path = flag(context, "normalize");
        how.double_encode = flag(context, "double_uri_encode");
        how.content_sha256 = flag(context, "sha_header");
        if (flag(context, "omit_session_token")) how.token = sigv4::token_rule::omit;
        how.payload_hash = payload;
    }
    published(published const&) = delete;

    [[nodiscard]] std::vector<sigv4::header_view> views() const {
        std::vector<sigv4::header_view> made;
        for (auto const& [header, value] : headers) made.push_back({header, value});
        return made;
    }
    [[nodiscard]] sigv4::key_view key() const { return {id, secret, token, 0}; }
    [[nodiscard]] sigv4::scope where() const { return {region, service}; }

    /// Folded header values are the canonicaliser's business; no request goes out with them.
    [[nodiscard]] bool is_folded() const {
        return std::any_of(headers.begin(), headers.end(),
                           [](auto const& each) { return each.second.find('\n') != std::string::npos; });
    }
};

void check_stages(published const& given, json::value const& want, std::string const& canonical) {
    CHECK(canonical == get(want, "canonical_request"));
    std::string const to_sign = sigv4::string_to_sign(given.amz_date, given.where(), canonical, hash);
    CHECK(to_sign == get(want, "string_to_sign"));
    auto const key = sigv4::signing_key(given.secret, given.amz_date.substr(0, 8), given.where(), hash);
    CHECK(text::to_hex(crypto::bytes_of(hash.hmac_sha256(key.reveal(), to_sign))) == get(want, "signature"));
    CHECK(sigv4::signature(canonical, given.key(), given.where(), given.amz_date, nullptr, hash) ==
          get(want, "signature"));
}

void check_header_form(published const& given, json::value const& want) {
    auto const views = given.views();
    sigv4::request_view const request{given.method, given.path, given.query, views, given.body};
    std::string const payload = sigv4::payload_hash(request.body, given.how, hash);
    std::vector<sigv4::header_view> added{{"X-Amz-Date", given.amz_date}};
    if (given.how.content_sha256) added.push_back({"X-Amz-Content-Sha256", payload});
    if (!given.token.empty() && given.how.token == sigv4::token_rule::sign)
        added.push_back({"X-Amz-Security-Token", given.token});
    check_stages(given, want,
                 sigv4::canonical_request(request, sigv4::canonical_headers{views, added}, given.how, payload));

    auto const signature = sigv4::sign(request, given.key(), given.where(), given.when, given.how);
    if (given.is_folded()) {
        REQUIRE_FALSE(signature);
        CHECK(signature.error().code == errc::invalid_argument);
        return;
    }
    REQUIRE(signature);
    CHECK(signature->signature() == get(want, "signature"));
    std::set<std::pair<std::string, std::string>> ours, theirs;
    for (auto const& each : *signature) ours.emplace(text::lower(each.name), each.value);
    if (auto const* const list = json::array_of(want, "added_headers")) {
        for (auto const& each : *list) theirs.emplace(text::lower(*json::as_text(each[0])), *json::as_text(each[1]));
        CHECK(ours == theirs);
    }
    if (auto const authorization = json::text_of(want, "authorization"))
        CHECK(ours.count({"authorization", std::string{*authorization}}) == 1);
}

void check_query_form(published const& given, json::value const& want) {
    auto const views = given.views();
    sigv4::request_view request{given.method, given.path, given.query, views, given.body};
    sigv4::settings how = given.how;
    how.content_sha256 = false; // aws-c-auth adds that header to no URL, and hashes the body all the same

    auto const signature = sigv4::presign(request, given.key(), given.where(), given.when, given.expires, how);
    std::string target = get(want, "signed_target");
    if (given.is_folded()) {
        REQUIRE_FALSE(signature);
        CHECK(signature.error().code == errc::invalid_argument);
    } else {
        REQUIRE(signature);
        CHECK(signature->ends_with("&X-Amz-Signature=" + get(want, "signature")));
        if (target.empty())
            target = given.path + "?" + *signature;
        else
            CHECK(given.path + "?" + *signature == target);
    }
    // The canonical stage on the published target: without the signature, and without a token that is not signed.
    std::string query = target.substr(target.find('?') + 1);
    query.resize(query.rfind("&X-Amz-Signature="));
    if (how.token == sigv4::token_rule::omit) query.resize(query.rfind("&X-Amz-Security-Token="));
    request.query = query;
    check_stages(given, want,
                 sigv4::canonical_request(request, sigv4::canonical_headers{views}, how,
                                          sigv4::payload_hash(request.body, how, hash)));
}

} // namespace

TEST_CASE("every published signature is ours, at every stage") {
    static json::value const suite = testing_support::load("sigv4-suite.json");
    static std::set<std::string> ran;
    for (auto const* group : {"cases", "extra", "s3_examples"})
        for (auto const& each : *json::array_of(suite, group)) {
            std::string const name = get(each, "name");
            if (auto const* const want = json::object_of(each, "header")) DYNAMIC_SECTION(name << ", in headers") {
                    ran.insert(name + ", in headers");
                    check_header_form(published{each}, *want);
                }
            if (auto const* const want = json::object_of(each, "query")) DYNAMIC_SECTION(name << ", in the query") {
                    ran.insert(name + ", in the query");
                    check_query_form(published{each}, *want);
                }
        }
    for (auto const& each : *json::array_of(suite, "key_derivation"))
        DYNAMIC_SECTION("signing key of " << get(each, "date")) {
            ran.insert(get(each, "date"));
            std::string const region = get(each, "region"), service = get(each, "service");
            auto const key =
                sigv4::signing_key(get(each, "secret_access_key"), get(each, "date"), {region, service}, hash);
            CHECK(text::to_hex(key.reveal()) == get(each, "signing_key_hex"));
        }
    SECTION("and none was left out") { CHECK(ran.size() == 38 * 2 + 5 + 6 + 2); }
}

TEST_CASE("every request that botocore signed gets the same signature from us") {
    static json::value const recorded = testing_support::load("botocore-requests.json");
    static std::set<std::string> ran;
    auto const& credentials = *json::object_of(recorded, "credentials");
    std::string const id = get(credentials, "access_key_id");
    std::string const secret = get(credentials, "secret_access_key");
    auto const when = text::parse_amz_timestamp(get(recorded, "frozen_time"));
    REQUIRE(when);
    for (auto const& each : *json::array_of(recorded, "cases")) {
        auto const* const request = json::object_of(each, "request");
        if (request == nullptr) continue;
        auto const& headers = *json::object_of(*request, "headers");
        std::string const authorization = get(headers, "Authorization");
        if (authorization.empty()) continue;
        std::string const name = get(each, "name");
        DYNAMIC_SECTION(name) {
            ran.insert(name);
            // Credential=id/date/region/service/aws4_request, SignedHeaders=a;b, Signature=...
            std::string scope = authorization.substr(authorization.find('/') + 1);
            scope.resize(scope.find("/aws4_request"));
            std::string const service = scope.substr(scope.rfind('/') + 1);
            std::string const region = scope.substr(9, scope.rfind('/') - 9);
            std::string names = authorization.substr(authorization.find("SignedHeaders=") + 14);
            names.resize(names.find(','));

            std::string const address = get(*request, "url"), body = get(*request, "body");
            auto const url = text::split_url(address);
            REQUIRE(url);
            std::string const host = text::host_field(*url);
            std::vector<sigv4::header_view> views{{"Host", host}};
            for (auto const& [header, value] : headers.items()) {
                std::string const lower = text::lower(header);
                if (lower == "x-amz-date" || lower == "x-amz-security-token" || lower == "x-amz-content-sha256")
                    continue;
                if ((";" + names + ";").find(";" + lower + ";") == std::string::npos) continue;
                views.push_back({header, *json::as_text(value)});
            }
            sigv4::settings how = service == "s3" ? sigv4::s3 : sigv4::settings{};
            if (get(headers, "X-Amz-Content-SHA256") == sigv4::unsigned_payload)
                how.payload_hash = sigv4::unsigned_payload;
            std::string const method = get(*request, "method"), token = get(each, "token");
            auto const signature = sigv4::sign({method, url->path, url->query, views, body}, {id, secret, token, 0},
                                               {region, service}, *when, how);
            REQUIRE(signature);
            std::set<std::pair<std::string, std::string>> ours, theirs;
            for (auto const& field : *signature) ours.emplace(text::lower(field.name), field.value);
            for (auto const* added : {"X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization"})
                if (auto const value = json::text_of(headers, added)) theirs.emplace(text::lower(added), *value);
            CHECK(ours == theirs);
        }
    }
    SECTION("and none was left out") { CHECK(ran.size() == 61); }
}
