#include <fargate/credentials/process.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/aws/profile_file.hpp>
#include <fargate/credentials/cached.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::credentials::process;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;
namespace json = fargate::json;

static_assert(fargate::credential_policy<process const, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         map_environment>);

namespace {

constexpr auto good = R"({"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "hidden", "SessionToken": "token",
    "Expiration": "2024-01-02T09:04:05Z", "AccountId": "123456789012"})";

/// Where the program `key` writes that.
struct writing : world {
    explicit writing(std::string output, int status = 0, std::string errors = {}) {
        environment.set_program("key", {status, std::move(output), std::move(errors)});
    }
};

fargate::error refusal_of(std::string output, int status = 0, std::string errors = {}) {
    writing here{std::move(output), status, std::move(errors)};
    auto const key = here.fetch(process{"key"});
    return key ? fail(errc::internal, "a key came of it") : key.error();
}

/// An environment of a board that has no programs.
struct bare_environment {
    static std::optional<std::string> variable(std::string_view) { return std::nullopt; }
    static fargate::result<std::string> read_file(std::string_view) { return fail(errc::not_found, "none"); }
};

} // namespace

TEST_CASE("a program's key is taken with everything that it says") {
    writing here{good};
    auto const key = here.fetch(process{"key --for 'the account' \"$HOME\""});
    REQUIRE(key);
    CHECK(shown(*key) == "ASIA/hidden/token");
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "process");
    CHECK(key->expires == here.clock.now() + 6h);
    CHECK(here.environment.runs() == std::vector<std::vector<std::string>>{{"key", "--for", "the account", "$HOME"}});
}

TEST_CASE("the program has a minute and 64 KiB") {
    world here;
    fargate::program_limits seen{1ms, 1, 1};
    here.environment.set_program("key", [&seen](auto const&, auto const& limits) {
        seen = limits;
        return fargate::program_output{0, good, {}};
    });
    REQUIRE(here.fetch(process{"key"}));
    CHECK(seen.time == 60s);
    CHECK(seen.output == 64 * 1024);
}

TEST_CASE("a key needs neither token nor end nor account, and the profile may know the account") {
    writing here{R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"})"};
    auto const bare = here.fetch(process{"key"});
    REQUIRE(bare);
    CHECK(shown(*bare) == "AKIA/s");
    CHECK_FALSE(bare->expires);
    CHECK(bare->account_id.empty());
    CHECK(here.fetch(process{"key", "222"})->account_id == "222");
    writing there{good};
    CHECK(there.fetch(process{"key", "222"})->account_id == "123456789012");
    auto nulls =
        writing(R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":null,"Expiration":null})");
    CHECK_FALSE(nulls.fetch(process{"key"})->expires);
}

TEST_CASE("a key without an end that follows one with an end does not end") {
    world here;
    here.environment.set_program("key", {0, good, {}});
    fargate::credentials::cached<process> kept{process{"key"}};
    REQUIRE(here.fetch(kept)->expires);
    here.environment.set_program("key", {0, R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s"})", {}});
    here.clock.advance(7h);
    auto const later = here.fetch(kept);
    REQUIRE(later);
    CHECK_FALSE(later->expires);
    here.clock.advance(24h * 365);
    CHECK(here.fetch(kept)->id == "AKIA");
    CHECK(here.environment.runs().size() == 2);
}

TEST_CASE("no command is no source, a malformed one a broken one") {
    world here;
    CHECK(here.fetch(process{}).error().code == errc::not_configured);
    CHECK(here.fetch(process{"  "}).error().code == errc::not_configured);
    auto const open = here.fetch(process{"key 'hidden"});
    CHECK(open.error().code == errc::bad_configuration);
    CHECK(open.error().message == "credential_process: a quotation that begins with ' is not closed");
    CHECK(here.environment.runs().empty());
}

TEST_CASE("an environment without programs says so") {
    fargate::testing::scripted_http http;
    fargate::testing::manual_clock clock;
    auto const key = process{"key"}.fetch(http, clock, bare_environment{});
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::bad_configuration);
    CHECK(key.error().message == "credential_process is set, but this program's environment runs no other programs");
}

TEST_CASE("a program that fails is quoted from its standard error alone") {
    auto const why = refusal_of(good, 7, "Traceback:\n\tline 1\x1b[31m\n  not signed in\xC3\xA9\r\n");
    CHECK(why.code == errc::bad_configuration);
    CHECK(why.message == "credential_process key: it ended with status 7: Traceback: line 1?[31m not signed in??");
    CHECK(refusal_of(good, 1).message == "credential_process key: it ended with status 1 and said nothing");

    auto const wordy = refusal_of("", 1, std::string(5000, 'x') + "the end").message;
    CHECK(wordy.size() < 500);
    CHECK(wordy.ends_with("xthe end"));
}

TEST_CASE("a program that cannot be run, or goes past its limits, is named") {
    world here;
    auto const missing = here.fetch(process{"/opt/none --secret hidden"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == errc::bad_configuration);
    CHECK(missing.error().message == "credential_process /opt/none: there is no such program");
    for (auto const code : {errc::timed_out, errc::too_large, errc::internal}) {
        here.environment.set_program("key", [code](auto const&, auto const&) { return fail(code, "the reason"); });
        auto const key = here.fetch(process{"key --secret hidden"});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == code);
        CHECK(key.error().message == "credential_process key: the reason");
    }
}

TEST_CASE("an answer that is none says what is wrong, and shows nothing of it") {
    using row = std::pair<char const*, char const*>;
    for (auto const& [output, message] :
         {row{"", "its output is no JSON object"}, row{"hidden", "its output is no JSON object"},
          row{R"({"hidden":1,"hidden":2})", "its output is no JSON object"},
          row{R"(["hidden"])", "its output is no JSON object"},
          row{R"({"AccessKeyId":"hidden","SecretAccessKey":"hidden"})",
              "its output has no \"Version\": 1, the only one that is known"},
          row{R"({"Version":2,"AccessKeyId":"hidden","SecretAccessKey":"hidden"})",
              "its output has no \"Version\": 1, the only one that is known"},
          row{R"({"Version":"1","AccessKeyId":"hidden","SecretAccessKey":"hidden"})",
              "its output has no \"Version\": 1, the only one that is known"},
          row{R"({"Version":1})", "its output holds neither AccessKeyId nor SecretAccessKey"},
          row{R"({"Version":1,"AccessKeyId":"hidden"})",
              "AccessKeyId is set without SecretAccessKey: set both or neither"},
          row{R"({"Version":1,"AccessKeyId":"hidden","SecretAccessKey":["hidden"]})",
              "SecretAccessKey in its output is no text"},
          row{R"({"Version":1,"AccessKeyId":"hidden","SecretAccessKey":"hidden","Expiration":1704164645})",
              "Expiration in its output is no text"},
          row{R"({"Version":1,"AccessKeyId":"hidden","SecretAccessKey":"hidden","Expiration":"hidden"})",
              "Expiration is no time: write it as 2020-12-08T17:00:00Z"},
          row{R"({"Version":1,"AccessKeyId":"hidden","SecretAccessKey":"a\nhidden"})",
              "SecretAccessKey holds a blank or a control character inside: copy it again"}}) {
        INFO(output);
        auto const why = refusal_of(output, 0, "hidden");
        CHECK(why.code == errc::malformed_response);
        CHECK(why.message == std::string{"credential_process key: "} + message);
    }
}

TEST_CASE("a key that has ended is refused with its end") {
    writing here{good};
    here.clock.advance(7h);
    auto const key = here.fetch(process{"key"});
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::malformed_response);
    CHECK(key.error().message.find("2024-01-02T09:04:05+00:00") != std::string::npos);
}

TEST_CASE("the published cases of credential_process, run by real programs") {
    auto const cases = testing_support::load("credential-e2e-fixtures.json");
    std::size_t seen = 0;
    for (auto const& [title, each] : cases.items()) {
        auto const config = testing_support::text(*json::object_of(each, "fs"), "/home/.aws/config");
        auto const parsed = fargate::aws::parse_profile_file(config, fargate::aws::file_kind::config, "config");
        if (!parsed || config.find("credential_process") == std::string::npos) continue;
        INFO(title);
        ++seen;
        auto const& section = parsed->profiles.at("default");
        std::string const command{*section.find("credential_process")};
        std::string const account{section.find("aws_account_id").value_or("")};
        // A command is split without a shell, so that one with a pipe is not what its author meant: it runs `echo` alone.
        bool const pipe = command.find('|') != std::string::npos;
        fargate::testing::scripted_http http;
        fargate::testing::manual_clock clock{fargate::time_point{1'600'000'000s}};
        fargate::process_environment const environment;
        auto const key = process{command, account}.fetch(http, clock, environment);
        auto const& expected = *json::object_of(*json::object_of(each, "case"), "result");
        auto const* const ok = json::object_of(expected, "Ok");
        REQUIRE_FALSE(key);
        CHECK(pipe == (ok != nullptr));
        if (!pipe) continue;
        // What the pipe would have written, written by a program.
        std::string const coded = command.substr(5, command.find(" |") - 5);
        std::string const decode = "sh -c 'echo " + coded + " | base64 --decode'";
        auto const decoded = process{decode, account}.fetch(http, clock, environment);
        REQUIRE(decoded);
        CHECK(decoded->id == testing_support::text(*ok, "access_key_id"));
        CHECK(decoded->secret_key.reveal() == testing_support::text(*ok, "secret_access_key"));
        CHECK(decoded->session_token.reveal() == testing_support::text(*ok, "session_token"));
        CHECK(decoded->account_id == testing_support::text(*ok, "account_id"));
        CHECK(decoded->expires == fargate::time_point{std::chrono::seconds{*json::integer_of(*ok, "expiry")}});
    }
    CHECK(seen == 4);
}
