#include <fargate/aws/profile_file.hpp>

#include <fargate/aws/shared_files.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>

using namespace fargate::aws;
using fargate::errc;
namespace json = fargate::json;

namespace {

/// How the published cases name a mistake, and how we do.
std::string_view our_words(std::string_view theirs) {
    static std::map<std::string_view, std::string_view> const words{
        {"Section definition must end with ']'", "a section header has no closing ]"},
        {"Expected a section definition", "a section header must come first"},
        {"Expected a property definition", "an indented line continues nothing"},
        {"Expected a property definition, found continuation", "an indented line continues nothing"},
        {"Property did not have a name", "a setting has no name before its ="},
        {"Property did not have a name in sub-property", "a nested setting has no name before its ="},
        {"Expected an '=' sign defining a property", "a setting has no ="},
        {"Expected an '=' sign defining a property in sub-property", "a nested setting has no ="},
    };
    auto const found = words.find(theirs);
    return found == words.end() ? std::string_view{"(no such mistake)"} : found->second;
}

/// Sections in the form of the published cases.
json::value as_json(sections const& all) {
    auto made = json::value::object();
    for (auto const& [name, each] : all) {
        auto settings = json::value::object();
        for (auto const& [key, held] : each.settings()) {
            if (held.parts.empty()) {
                json::set(settings, key, std::string{held.value.reveal()});
                continue;
            }
            auto parts = json::value::object();
            for (auto const& [part, value] : held.parts) json::set(parts, part, std::string{value.reveal()});
            json::set(settings, key, std::move(parts));
        }
        json::set(made, name, std::move(settings));
    }
    return made;
}

/// The same regardless of order, and taking "no parts" for "empty value", which are one thing to us.
bool same(json::value const& left, json::value const& right) {
    if (left.is_object() && right.is_object()) {
        if (left.size() != right.size()) return false;
        for (auto const& [name, each] : left.items()) {
            auto const* const other = json::member(right, name);
            if (other == nullptr || !same(each, *other)) return false;
        }
        return true;
    }
    auto const empty = [](json::value const& value) { return value == "" || (value.is_object() && value.empty()); };
    return left == right || (empty(left) && empty(right));
}

profile_file parse(std::string_view text, file_kind kind = file_kind::config) {
    auto made = parse_profile_file(text, kind, "file");
    REQUIRE(made);
    return *std::move(made);
}

std::string refused(std::string_view text, file_kind kind = file_kind::config) {
    auto const made = parse_profile_file(text, kind, "/home/u/.aws/config");
    if (made) return "(read)";
    CHECK(made.error().code == errc::bad_configuration);
    return made.error().message;
}

} // namespace

TEST_CASE("every published case of the shared files' format") {
    auto const cases = testing_support::load("config-file-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(cases, "parser")) {
        ++seen;
        INFO(testing_support::text(each, "name"));
        auto const& input = *json::object_of(each, "input");
        auto const& output = *json::object_of(each, "output");
        auto config = parse_profile_file(testing_support::text(input, "configFile"), file_kind::config, "config");
        auto credentials =
            parse_profile_file(testing_support::text(input, "credentialsFile"), file_kind::credentials, "credentials");
        if (auto const mistake = json::text_of(output, "errorContaining")) {
            REQUIRE_FALSE((config && credentials));
            auto const& message = (config ? credentials : config).error().message;
            CHECK_THAT(message, Catch::Contains(std::string{our_words(*mistake)}));
            continue;
        }
        REQUIRE(config);
        REQUIRE(credentials);
        shared_files const files{*std::move(config), *std::move(credentials)};
        bool compared = false;
        if (auto const* const profiles = json::object_of(output, "profiles")) {
            CAPTURE(json::write(as_json(files.profiles())));
            CHECK(same(as_json(files.profiles()), *profiles));
            compared = true;
        }
        if (auto const* const sessions = json::object_of(output, "ssoSessions")) {
            CAPTURE(json::write(as_json(files.sso_sessions())));
            CHECK(same(as_json(files.sso_sessions()), *sessions));
            compared = true;
        }
        CHECK(compared);
    }
    CHECK(seen == 118);
}

TEST_CASE("a mistake is told with file and line, and never with a value") {
    CHECK(refused("[default]\naws_secret_access_key = HIDDEN\nHIDDEN\n") ==
          "/home/u/.aws/config line 3: a setting has no =");
    CHECK_THAT(refused("\r\n\n[profile HIDDEN"), Catch::Contains("line 3") && !Catch::Contains("HIDDEN"));
    CHECK_THAT(refused("[default] HIDDEN"), Catch::Contains("line 1") && !Catch::Contains("HIDDEN"));
    CHECK_THAT(refused("s = 1"), Catch::Contains("a section header must come first"));
}

TEST_CASE("what is passed over is told with file and line, and never with a value") {
    auto const made =
        parse("[profile in valid]\na = HIDDEN\n[profile ok]\nin valid = HIDDEN\n HIDDEN\ns3 =\n in valid = HIDDEN\n"
              "[bare]\nc = HIDDEN\nnot even a setting\n indented\n");
    REQUIRE(made.warnings.size() == 4);
    for (auto const& each : made.warnings)
        CHECK_THAT(each, Catch::StartsWith("file line ") && !Catch::Contains("HIDDEN"));
    CHECK_THAT(made.warnings[0], Catch::Contains("line 1:"));
    CHECK_THAT(made.warnings[1], Catch::Contains("line 4:"));
    CHECK_THAT(made.warnings[2], Catch::Contains("line 7:"));
    CHECK_THAT(made.warnings[3], Catch::Contains("line 8:"));
    CHECK(made.profiles.size() == 1);
}

TEST_CASE("sections of other uses give no warning") {
    auto const made =
        parse("[default]\n[profile a]\n[sso-session s]\n[services x]\nec2 =\n  endpoint_url = http://e\n");
    CHECK(made.warnings.empty());
    REQUIRE(made.services.contains("x"));
    CHECK(made.services.at("x").find("ec2", "endpoint_url") == "http://e");
}

TEST_CASE("[default] beside [profile default] is passed over with a warning") {
    auto const made = parse("[default]\na = 1\n[profile default]\nb = 2\n");
    CHECK_FALSE(made.profiles.at("default").has("a"));
    CHECK(made.profiles.at("default").find("b") == "2");
    CHECK(made.warnings.size() == 1);
}

TEST_CASE("a profile's name may stand in quotes and hold blanks there") {
    auto const made =
        parse("[profile \"two words\"]\na = 1\n[profile 'one']\na = 2\n[profile \"\"]\na = 3\n[profile \"x']\na = 4\n");
    CHECK(made.profiles.size() == 2);
    CHECK(made.profiles.at("two words").find("a") == "1");
    CHECK(made.profiles.at("one").find("a") == "2");
    CHECK(made.warnings.size() == 2);
}

TEST_CASE("secrets of a profile are found only as secrets") {
    auto const made = parse("[default]\naws_access_key_id = AKID\naws_secret_access_key = s\naws_session_token = "
                            "t\naws_security_token = u\n");
    auto const& profile = made.profiles.at("default");
    CHECK(profile.find("aws_access_key_id") == "AKID");
    for (char const* const name : {"aws_secret_access_key", "aws_session_token", "aws_security_token"}) {
        CHECK_FALSE(profile.find(name).has_value());
        REQUIRE(profile.find_secret(name) != nullptr);
        CHECK_FALSE(profile.find_secret(name)->empty());
    }
    CHECK(profile.find_secret("nothing") == nullptr);
    CHECK_FALSE(profile.find("nothing").has_value());
    CHECK_FALSE(profile.find("nothing", "x").has_value());
    CHECK_FALSE(profile.find("aws_access_key_id", "x").has_value());
}

TEST_CASE("comments on lines of their own") {
    auto const made = parse("  # before any section\n[default]\n  ; before any setting\na = 1\n# in between\nb =\n  # "
                            "in a block\n  c = 2\n");
    CHECK(made.profiles.at("default").find("a") == "1");
    CHECK(made.profiles.at("default").find("b", "c") == "2");
    CHECK(made.warnings.empty());

    auto const joined = parse("[default]\na = 1\n  # meant as a comment\n");
    CHECK(joined.profiles.at("default").find("a") == "1\n# meant as a comment");
    CHECK(joined.warnings.size() == 1);
}

TEST_CASE("a program's command line that a comment cuts off is warned of") {
    auto const made = parse("[default]\ncredential_process = run --tag #1\n");
    CHECK(made.profiles.at("default").find("credential_process") == "run --tag");
    CHECK(made.warnings.size() == 1);
    CHECK(parse("[default]\ncredential_process = run --tag#1\n").warnings.empty());
}

TEST_CASE("odd but harmless texts are read") {
    CHECK(parse("\xEF\xBB\xBF[default]\r\na = 1\r\n").profiles.at("default").find("a") == "1");
    CHECK(parse("[default]\na==b=").profiles.at("default").find("a") == "=b=");
    CHECK(parse("[default]\na = # all comment").profiles.at("default").find("a") == "");
    CHECK(parse({"[default]\na = x\0y\n", 18}).profiles.at("default").find("a") == std::string_view{"x\0y", 3});
    CHECK(parse("[ foo\t]\na = \xff\xfe\n", file_kind::credentials).profiles.at("foo").find("a") == "\xff\xfe");
    CHECK(parse("[]\na=1\n", file_kind::credentials).profiles.empty());
    CHECK(parse("[]\na=1\n").profiles.empty());
    CHECK(parse("[profile]\na=1\n").profiles.empty());
}

TEST_CASE("a text cut short anywhere is read or refused, never misread") {
    std::string const whole =
        "# c\n[profile a]\nx = 1 # c\n  2\ns3 =\n  k = v\n[sso-session s]\ny = 2\r\n[default]\nz=3\n";
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        auto const made = parse_profile_file(whole.substr(0, length), file_kind::config, "file");
        if (!made) CHECK(made.error().code == errc::bad_configuration);
    }
}

TEST_CASE("a file of very many sections and settings is read") {
    std::string text;
    for (int i = 0; i != 20'000; ++i) text += "[profile p" + std::to_string(i) + "]\na=1\n";
    text += "[profile many]\n";
    for (int i = 0; i != 20'000; ++i) text += "k" + std::to_string(i) + "=1\n";
    auto const made = parse(text);
    CHECK(made.profiles.size() == 20'001);
    CHECK(made.profiles.at("many").settings().size() == 20'000);
}
