#include <fargate/aws/shared_files.hpp>

#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <optional>
#include <string>
#include <utility>

using namespace fargate::aws;
using fargate::errc;
using fargate::testing::map_environment;
namespace json = fargate::json;

namespace {

/// An environment whose system knows the user's home.
class homely_environment {
public:
    homely_environment(map_environment::map variables, std::string home) :
        map_{std::move(variables)}, home_{std::move(home)} {}
    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const { return map_.variable(name); }
    [[nodiscard]] fargate::result<std::string> read_file(std::string_view path) const { return map_.read_file(path); }
    [[nodiscard]] std::optional<std::string> home_directory() const { return home_; }

private:
    map_environment map_;
    std::string home_;
};

shared_files load(map_environment const& environment) {
    auto made = load_shared_files(environment);
    REQUIRE(made);
    return *std::move(made);
}

map_environment at_home(std::string config, std::string credentials) {
    return map_environment{{{"HOME", "/h"}},
                           {{"/h/.aws/config", std::move(config)}, {"/h/.aws/credentials", std::move(credentials)}}};
}

std::string text_of(section const& from, std::string_view name) {
    auto const* const found = from.find_secret(name);
    return found == nullptr ? "(none)" : std::string{found->reveal()};
}

} // namespace

TEST_CASE("every published case of where the shared files are") {
    auto const cases = testing_support::load("config-file-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(cases, "location")) {
        ++seen;
        INFO(testing_support::text(each, "name"));
        map_environment::map variables;
        for (auto const& [name, value] : json::object_of(each, "environment")->items())
            variables.emplace(name, *json::as_text(value));
        homely_environment const environment{variables, testing_support::text(each, "languageSpecificHome")};
        auto const found = locate_shared_files(environment, testing_support::text(each, "platform") == "windows");
        CHECK(found.config == testing_support::text(each, "configLocation"));
        CHECK(found.credentials == testing_support::text(each, "credentialsLocation"));
    }
    CHECK(seen == 10);
}

TEST_CASE("without any home directory the files are nowhere, unless they are named") {
    CHECK_FALSE(locate_shared_files(map_environment{}).config.has_value());
    CHECK_FALSE(locate_shared_files(map_environment{{{"HOME", "  "}}}).credentials.has_value());
    CHECK(locate_shared_files(map_environment{{{"AWS_CONFIG_FILE", "/c"}}}).config == "/c");
    CHECK(load(map_environment{}).profiles().empty());
}

TEST_CASE("a tilde at the front of a named file is the home directory") {
    auto const where = [](std::string named) {
        return locate_shared_files(map_environment{{{"HOME", "/h"}, {"AWS_CONFIG_FILE", std::move(named)}}}).config;
    };
    CHECK(where("~/c") == "/h/c");
    CHECK(where("~") == "/h");
    CHECK(where("~user/c") == "~user/c");
    CHECK(where("/a/~/c") == "/a/~/c");
    CHECK(locate_shared_files(map_environment{{{"HOME", "/"}}}).config == "/.aws/config");
    CHECK(locate_shared_files(map_environment{{{"AWS_CONFIG_FILE", "~/c"}}}).config == "~/c");
}

TEST_CASE("files that do not exist are empty") {
    CHECK(load(map_environment{{{"HOME", "/h"}}}).profiles().empty());
    CHECK(load(map_environment{{{"AWS_CONFIG_FILE", "/not/there"}}}).profiles().empty());
    CHECK(load(at_home("[default]\nregion = r\n", "")).profile("default")->find("region") == "r");
}

TEST_CASE("a file that cannot be read is an error that names it") {
    for (char const* const path : {"/h/.aws/config", "/h/.aws/credentials"}) {
        auto environment = at_home("", "");
        environment.break_file(path, fargate::fail(errc::bad_configuration, std::string{"cannot open "} + path));
        auto const broken = load_shared_files(environment);
        REQUIRE_FALSE(broken);
        CHECK(broken.error().code == errc::bad_configuration);
        CHECK_THAT(broken.error().message, Catch::Contains(path));

        environment.set_file(path, "no section = 1");
        auto const malformed = load_shared_files(environment);
        REQUIRE_FALSE(malformed);
        CHECK(malformed.error().code == errc::bad_configuration);
        CHECK_THAT(malformed.error().message, Catch::StartsWith(path));
    }
}

TEST_CASE("the files are read anew every time") {
    auto environment = at_home("[default]\nregion = one\n", "");
    CHECK(load(environment).profile("default")->find("region") == "one");
    environment.set_file("/h/.aws/config", "[default]\nregion = two\n");
    CHECK(load(environment).profile("default")->find("region") == "two");
}

TEST_CASE("settings merge one by one, but a key's parts come from one file") {
    auto const merged = [](std::string const& config, std::string const& credentials) {
        auto const files = load(at_home("[default]\n" + config, "[default]\n" + credentials));
        auto const& found = *files.profile("default");
        return text_of(found, "aws_access_key_id") + " " + text_of(found, "aws_secret_access_key") + " " +
               text_of(found, "aws_session_token") + " " + text_of(found, "region");
    };
    std::string const pair_c = "aws_access_key_id = C\naws_secret_access_key = CS\n";
    std::string const pair_k = "aws_access_key_id = K\naws_secret_access_key = KS\n";
    CHECK(merged(pair_c + "region = r\n", pair_k) == "K KS (none) r");
    CHECK(merged(pair_c + "aws_session_token = CT\n", pair_k) == "K KS (none) (none)");
    CHECK(merged("aws_session_token = CT\n", pair_k) == "K KS (none) (none)");
    CHECK(merged(pair_c, "aws_session_token = KT\n") == "C CS (none) (none)");
    CHECK(merged(pair_c + "aws_session_token = CT\n", "region = r\n") == "C CS CT r");
    CHECK(merged("aws_access_key_id = C\n", "aws_secret_access_key = KS\n") == "(none) KS (none) (none)");
    CHECK(merged("aws_secret_access_key = CS\n", "aws_access_key_id = K\n") == "K (none) (none) (none)");
    CHECK(merged("region = r\n", pair_k + "region = s\naws_session_token = KT\n") == "K KS KT s");
}

TEST_CASE("warnings of both files are kept") {
    auto const files = load(at_home("[bare]\n", "[profile x]\n"));
    REQUIRE(files.warnings().size() == 2);
    CHECK_THAT(files.warnings()[0], Catch::StartsWith("/h/.aws/config line 1"));
    CHECK_THAT(files.warnings()[1], Catch::StartsWith("/h/.aws/credentials line 1"));
}

TEST_CASE("sections are found by name") {
    auto const files = load(at_home(
        "[profile a]\nsso_session = s\n[sso-session s]\nsso_region = r\n[services x]\ns3 =\n endpoint_url = u\n",
        "[b]\n"));
    CHECK(files.profile("a") != nullptr);
    CHECK(files.profile("b") != nullptr);
    CHECK(files.profile("A") == nullptr);
    CHECK(files.profile("default") == nullptr);
    CHECK(files.sso_session("s")->find("sso_region") == "r");
    CHECK(files.sso_session("a") == nullptr);
    CHECK(files.services("x")->find("s3", "endpoint_url") == "u");
    CHECK(files.services("s") == nullptr);
}

TEST_CASE("which profile is meant") {
    auto const chosen = [](map_environment::map variables, std::string_view given = {}) {
        return choose_profile(map_environment{std::move(variables)}, given);
    };
    CHECK(chosen({}).name == "default");
    CHECK_FALSE(chosen({}).named);
    CHECK(chosen({{"AWS_PROFILE", " "}, {"AWS_DEFAULT_PROFILE", ""}}).name == "default");
    CHECK(chosen({{"AWS_PROFILE", "one\n"}}).name == "one");
    CHECK(chosen({{"AWS_PROFILE", "one"}}).named);
    CHECK(chosen({{"AWS_DEFAULT_PROFILE", "two"}}).name == "two");
    CHECK(chosen({{"AWS_PROFILE", "one"}, {"AWS_DEFAULT_PROFILE", "two"}}).name == "one");
    CHECK_FALSE(chosen({{"AWS_PROFILE", "one"}, {"AWS_DEFAULT_PROFILE", "two"}}).warning.empty());
    CHECK(chosen({{"AWS_PROFILE", "one"}, {"AWS_DEFAULT_PROFILE", "one"}}).warning.empty());
    CHECK(chosen({{"AWS_PROFILE", "one"}}, "given").name == "given");
    CHECK(chosen({}, "given").named);
    CHECK(chosen({{"AWS_PROFILE", "default"}}).named);
}
