#include <fargate/credentials/standard.hpp>

#include <fargate/aws/shared_files.hpp>
#include <fargate/credentials/profile.hpp>
#include <fargate/testing/signature_check.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The published stories of whole searches: an environment, files and recorded exchanges in, a key or an error out.

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::credentials::access_key;
using testing_support::world;
namespace http = fargate::http;
namespace json = fargate::json;
namespace text = fargate::text;

namespace {

using texts = std::vector<std::string>;

/// What our message says where the story ends in an error; theirs are another library's words.
std::map<std::string, texts> const essence{
    {"eks_pod_identity_no_token_file", {"container: ", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token.jwt"}},
    {"imds_default_chain_error", {"no access key found", "instance: the instance has no role attached"}},
    {"imds_disabled", {"no access key found", "instance: AWS_EC2_METADATA_DISABLED"}},
    {"imds_no_iam_role", {"profile default", "no role attached"}},
    {"imds_token_fail", {"profile default", "switched off", "403"}},
    {"profile_overrides_web_identity", {"profile A", "AWS_ACCESS_KEY_ID is not set"}},
    {"sso_no_token_file", {"profile sso-test", "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json", "aws sso login"}},
    {"sso_server_error", {"profile sso-test", "503"}},
    {"web_identity_source_profile_no_env", {"profile B", "web_identity_token_file", "without role_arn"}},
    {"web_identity_token_invalid_jwt", {"profile B", "InvalidIdentityToken", "No OpenIDConnect provider found"}},
    {"credential_process_failure", {"profile default", "exit"}},
    {"credential_process_invalid", {"profile default", "JSON"}},
    {"empty_config", {"no profile default"}},
    {"invalid_config", {"/home/.aws/config", "line 2"}},
    {"invalid_sso_credentials_config", {"profile default", "sso_account_id and sso_role_name"}},
    {"sso_token", {"profile default", "sso_account_id and sso_role_name"}},
};

/// The AWS contract (§3.7): a `credential_process` is run without a shell, so that these two stories' pipes are words for `echo`. They
/// are told twice: as they are, which must fail, and with the shell that they mean.
std::set<std::string> const need_a_shell{"credential_process", "credential_process_account_id_fallback"};

/// The AWS contract (§3.4, §3.5): role and token are those that are configured. In these stories others were recorded.
std::set<std::string> const recorded_elsewhere{"web_identity_token_env", "web_identity_token_profile",
                                               "web_identity_token_invalid_jwt", "web_identity_token_source_profile"};

std::map<std::string, std::string> form_of(std::string_view body) {
    std::map<std::string, std::string> made;
    for (auto const part : fargate::testing::detail::split(body, '&'))
        made.emplace(part.substr(0, part.find('=')), part.substr(std::min(part.find('=') + 1, part.size())));
    return made;
}

/// Address without its last slash, and with the query's parts in order.
std::string settled(std::string_view url) {
    auto const mark = url.find('?');
    std::string made{url.substr(0, mark)};
    while (made.ends_with('/')) made.pop_back();
    if (mark == std::string_view::npos) return made;
    auto parts = fargate::testing::detail::split(url.substr(mark + 1), '&');
    std::sort(parts.begin(), parts.end());
    for (auto const part : parts) made.append("&").append(part);
    return made;
}

std::string_view secret_in(fargate::aws::section const& section) {
    auto const* const found = section.find_secret("aws_secret_access_key");
    return found == nullptr ? std::string_view{} : found->reveal();
}

std::string between(std::string_view whole, std::string_view before, std::string_view behind) {
    auto const at = whole.find(before);
    if (at == std::string_view::npos) return {};
    auto const rest = whole.substr(at + before.size());
    return std::string{rest.substr(0, rest.find(behind))};
}

/// One story, and what was found wrong while it was told.
struct story {
    std::string name{};
    world here{};
    json::value const* pairs = nullptr;
    std::size_t next = 0;
    fargate::testing::signature_check signatures{};
    texts wrong{};

    story(std::string called, json::value const& told) : name{std::move(called)}, pairs{json::array_of(told, "http")} {
        for (auto const& [variable, value] : json::object_of(told, "env")->items())
            here.environment.set(variable, std::string{*json::as_text(value)});
        for (auto const& [path, value] : json::object_of(told, "fs")->items())
            here.environment.set_file(path, std::string{*json::as_text(value)});
        here.environment.set_program("echo", [](texts const& words, auto const&) {
            fargate::program_output made;
            for (std::size_t i = 1; i < words.size(); ++i) made.output += (i == 1 ? "" : " ") + words[i];
            return made;
        });
        here.environment.set_program("sh", [](texts const& words, fargate::program_limits const& limits) {
            return fargate::process_environment{}.run(words, limits);
        });
        here.clock.set(start(told));
        here.http.otherwise([this](http::request const& request) { return answer(request); });
        signatures.accept_only({});
        if (auto const files = fargate::aws::load_shared_files(here.environment))
            for (auto const& [profile, section] : files->profiles())
                know(section.find("aws_access_key_id").value_or(""), secret_in(section), {});
    }

    /// Half an hour before the first of the story's keys ends.
    static fargate::time_point start(json::value const& told) {
        std::optional<fargate::time_point> first;
        auto const ends = [&first](std::optional<fargate::time_point> when) {
            if (when && (!first || *when < *first)) first = when;
        };
        for (auto const& pair : *json::array_of(told, "http")) {
            auto const body = testing_support::text(pair, "response_body");
            ends(text::parse_iso8601(between(body, "\"Expiration\" : \"", "\"")));
            ends(text::parse_iso8601(between(body, "<Expiration>", "<")));
        }
        auto const* const key = json::object_of(*json::object_of(*json::object_of(told, "case"), "result"), "Ok");
        if (key != nullptr)
            if (auto const expiry = json::integer_of(*key, "expiry"))
                ends(fargate::time_point{std::chrono::seconds{*expiry}});
        return first.value_or(fargate::testing::manual_clock::default_start) - 30min;
    }

    void know(std::string_view id, std::string_view secret_key, std::string_view token) {
        if (!id.empty())
            signatures.accept({std::string{id}, std::string{secret_key}, std::string{token}, std::nullopt});
    }

    void complain(std::string const& what) { wrong.push_back(what); }

    result<http::response> answer(http::request const& request) {
        // The AWS contract (§3.9): we ask for the tree with account ids first, which the recorded services did not have.
        if (text::contains(request.url, "/security-credentials-extended/")) return http::response{404, {}, {}};
        bool const beyond = next >= pairs->size();
        if (beyond && (pairs->empty() || last_status() < 400)) {
            // The AWS contract (§3.9): the metadata service is a probe; where none was recorded, there is none.
            if (text::contains(request.url, "169.254.169.254")) return fail(errc::connection_failed, "nobody there");
            complain("not recorded: " + request.method + " " + request.url);
            return fail(errc::connection_failed, "not recorded");
        }
        // The AWS contract (§4.2, §3.5): we repeat what was recorded once, as it was recorded.
        auto const& pair = (*pairs)[beyond ? pairs->size() - 1 : next];
        ++next;
        compare(request, *json::object_of(pair, "request"), testing_support::text(pair, "request_body"));
        auto const& said = *json::object_of(pair, "response");
        auto const body = testing_support::text(pair, "response_body");
        know(between(body, "\"AccessKeyId\" : \"", "\""), between(body, "\"SecretAccessKey\" : \"", "\""),
             between(body, "\"Token\" : \"", "\""));
        know(between(body, "\"AccessKeyId\":\"", "\""), between(body, "\"SecretAccessKey\":\"", "\""),
             between(body, "\"Token\":\"", "\""));
        know(between(body, "<AccessKeyId>", "<"), between(body, "<SecretAccessKey>", "<"),
             between(body, "<SessionToken>", "<"));
        http::response made{static_cast<int>(*json::integer_of(said, "status")), {}, body};
        for (auto const& [field, values] : json::object_of(said, "headers")->items())
            for (auto const& value : values)
                if (field != "content-length" && field != "date" && field != "Date") // of the day it was recorded
                    made.headers.add(field, std::string{*json::as_text(value)});
        return made;
    }

    [[nodiscard]] int last_status() const {
        auto const& said = *json::object_of((*pairs)[pairs->size() - 1], "response");
        return static_cast<int>(*json::integer_of(said, "status"));
    }

    void compare(http::request const& ours, json::value const& recorded, std::string const& recorded_body) {
        if (ours.method != testing_support::text(recorded, "method")) complain("method " + ours.method);
        if (settled(ours.url) != settled(testing_support::text(recorded, "uri"))) complain("address " + ours.url);
        bool is_signed = false;
        for (auto const& [field, values] : json::object_of(recorded, "headers")->items()) {
            auto const lower = text::lower(field);
            is_signed = is_signed || lower == "authorization";
            if (lower == "accept" || lower == "content-type" || lower.starts_with("x-aws-ec2-metadata") ||
                lower == "x-amz-sso_bearer_token")
                if (ours.headers.value_of(lower) != *json::as_text(values[0])) complain("field " + lower);
        }
        compare_forms(form_of(ours.body), form_of(recorded_body));
        if (!is_signed) {
            if (ours.headers.value_of("authorization").starts_with("AWS4"))
                complain("signed, and the recorded request was not");
            return;
        }
        auto const url = text::split_url(ours.url);
        std::string region = "us-east-1"; // of every story with an endpoint of its own
        if (url && url->host.ends_with(".amazonaws.com")) region = between(url->host, ".", ".");
        auto const defect = signatures.inspect(ours, {.service = "sts", .region = region}, here.clock.now());
        if (defect) complain("signature: " + defect->message);
    }

    void compare_forms(std::map<std::string, std::string> const& ours,
                       std::map<std::string, std::string> const& recorded) {
        if (ours.size() != recorded.size()) complain("another number of parameters");
        for (auto const& [parameter, value] : recorded) {
            auto const found = ours.find(parameter);
            if (found == ours.end()) {
                complain("no parameter " + parameter);
                continue;
            }
            // Made up by every library in its own way, unless it is configured.
            auto const session = here.environment.variable("AWS_ROLE_SESSION_NAME");
            if (parameter == "RoleSessionName" && !session) continue;
            if ((parameter == "RoleArn" || parameter == "WebIdentityToken") && recorded_elsewhere.contains(name)) {
                auto const file = here.environment.read_file("/token.jwt");
                auto const wanted = parameter == "RoleArn" ? "arn%3Aaws%3Aiam%3A%3A" : std::string{text::trim(*file)};
                if (!found->second.starts_with(wanted)) complain("parameter " + parameter);
                continue;
            }
            if (found->second != value) complain("parameter " + parameter);
        }
    }

    /// The AWS contract (§3.1): the first suite is of the whole search, the other one of the profile alone.
    result<access_key> tell(bool whole) {
        if (whole) return here.fetch(fargate::credentials::standard{});
        return here.fetch(fargate::credentials::profile{});
    }
};

void check_key(json::value const& wanted, result<access_key> const& key) {
    INFO((key ? key->id : key.error().message));
    REQUIRE(key);
    CHECK(key->id == testing_support::text(wanted, "access_key_id"));
    CHECK(key->secret_key.reveal() == testing_support::text(wanted, "secret_access_key"));
    CHECK(key->session_token.reveal() == testing_support::text(wanted, "session_token"));
    CHECK(key->account_id == testing_support::text(wanted, "account_id"));
    auto const expiry = json::integer_of(wanted, "expiry");
    CHECK(key->expires.has_value() == expiry.has_value());
    if (key->expires && expiry)
        CHECK(std::chrono::floor<std::chrono::seconds>(*key->expires).time_since_epoch().count() == *expiry);
}

} // namespace

TEST_CASE("every published story of a search ends as it should") {
    auto const all = testing_support::load("credential-e2e-fixtures.json");
    std::size_t seen = 0;
    std::size_t failed = 0;
    for (auto const& [path, told] : all.items()) {
        ++seen;
        auto const name = path.substr(path.find('/') + 1);
        bool const whole = path.starts_with("default-credential-provider-chain/");
        INFO(path);
        auto const& wanted = *json::object_of(*json::object_of(told, "case"), "result");
        story teller{name, told};
        auto key = teller.tell(whole);
        if (need_a_shell.contains(name)) {
            REQUIRE_FALSE(key);
            CHECK_THAT(key.error().message, Catch::Contains("JSON"));
            auto config = *teller.here.environment.read_file("/home/.aws/config");
            auto const at = config.find("echo ");
            config.insert(config.find('\n', at), "\"");
            config.insert(at, "sh -c \"");
            teller.here.environment.set_file("/home/.aws/config", config);
            key = teller.tell(whole);
        }
        if (auto const* const right = json::object_of(wanted, "Ok")) {
            check_key(*right, key);
        } else {
            ++failed;
            REQUIRE_FALSE(key);
            auto const parts = essence.find(name);
            REQUIRE(parts != essence.end());
            for (auto const& part : parts->second) CHECK_THAT(key.error().message, Catch::Contains(part));
        }
        CHECK(teller.wrong == texts{});
        CHECK(teller.next >= teller.pairs->size());
    }
    CHECK(seen == 47);
    CHECK(failed == essence.size());
}
