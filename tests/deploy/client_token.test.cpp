#include <fargate/deploy/client_token.hpp>

#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/prefect/epoch.hpp>

#include <set>
#include <string>

namespace json = fargate::json;
using fargate::deploy::client_token;
using fargate::prefect::epoch_of;
using fargate::prefect::flow_run;

namespace {

json::value state(char const* type) {
    json::value made;
    json::set(made, "type", type);
    return made;
}

flow_run run_in(char const* type, std::int64_t version) {
    flow_run run;
    run.id = "run-1";
    run.version = version;
    run.state = state(type);
    return run;
}

std::string token(flow_run const& run, unsigned attempt = 0, std::string const& api = "http://api") {
    return client_token({api, run.id, epoch_of(run)}, attempt, fargate::crypto::openssl_hash{});
}

} // namespace

TEST_CASE("base64url of RFC 4648 without padding", "[deploy][client_token]") {
    using fargate::deploy::detail::base64url;
    CHECK(base64url("") == "");
    CHECK(base64url("f") == "Zg");
    CHECK(base64url("fo") == "Zm8");
    CHECK(base64url("foo") == "Zm9v");
    CHECK(base64url("foob") == "Zm9vYg");
    CHECK(base64url("fooba") == "Zm9vYmE");
    CHECK(base64url("foobar") == "Zm9vYmFy");
    CHECK(base64url("\xFB\xFF\xFE") == "-__-");
}

TEST_CASE("the token is the hash of backend, run, epoch and attempt", "[deploy][client_token]") {
    auto const run = run_in("Scheduled", 2);
    // printf 'http://api|run-1|2|0' | openssl dgst -sha256 -binary | basenc --base64url, without the padding
    CHECK(token(run) == "qQEsrLMp7Kmn05Z3rE_dbQie_hr5EcxSxYUxcuu3WT4");
    std::set<std::string> const tokens = {token(run), token(run_in("Scheduled", 3)), token(run, 1),
                                          token(run, 0, "http://b")};
    CHECK(tokens.size() == 4);
    for (auto const& each : tokens) {
        CHECK(each.size() == 43);
        CHECK(each.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
              std::string::npos);
    }
    CHECK(token(run_in("Submitted", 3)) == token(run));
    auto other = run;
    other.id = "run-2";
    CHECK(token(other) != token(run));
    other = run;
    other.scheduled_start_time = "later";
    other.flow.name = "other";
    CHECK(token(other) == token(run));
}
