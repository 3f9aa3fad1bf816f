#include <fargate/credentials/profile_chain.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace aws = fargate::aws;
namespace credentials = fargate::credentials;
namespace json = fargate::json;
using credentials::profile_chain;
using credentials::resolve_profile;
using fargate::errc;
using testing_support::text;

namespace {

aws::shared_files files_of(std::string_view config, std::string_view credentials_file = {}) {
    auto first = aws::parse_profile_file(config, aws::file_kind::config, "config");
    auto second = aws::parse_profile_file(credentials_file, aws::file_kind::credentials, "credentials");
    REQUIRE(first);
    REQUIRE(second);
    return {*std::move(first), *std::move(second)};
}

/// A map of maps as the text of a config file.
std::string written(json::value const& input, char const* member, std::string const& kind) {
    std::string made;
    auto const* const all = json::object_of(input, member);
    if (all == nullptr) return made;
    for (auto const& [name, settings] : all->items()) {
        made += "[" + kind + " " + name + "]\n";
        for (auto const& [key, value] : settings.items())
            made += key + " = " + std::string{json::as_text(value).value_or("")} + "\n";
    }
    return made;
}

void add(json::value& into, std::string_view name, std::string_view value) {
    if (!value.empty()) json::set(into, name, value);
}

json::value step(char const* kind, json::value const& what) {
    json::value made = json::value::object();
    json::set(made, kind, what);
    return made;
}

/// The first key as the recorded cases have it.
struct shown {
    json::value operator()(credentials::access_key const& key) const {
        json::value made = json::value::object();
        add(made, "access_key_id", key.id);
        add(made, "secret_access_key", key.secret_key.reveal());
        add(made, "account_id", key.account_id);
        return step("AccessKey", made);
    }
    json::value operator()(credentials::named_source source) const {
        bool const instance = source == credentials::named_source::instance;
        bool const environment = source == credentials::named_source::environment;
        return step("NamedSource", json::value(instance      ? "Ec2InstanceMetadata"
                                               : environment ? "Environment"
                                                             : "EcsContainer"));
    }
    json::value operator()(credentials::web_identity_settings const& how) const {
        json::value made = json::value::object();
        add(made, "role_arn", how.role_arn);
        add(made, "web_identity_token_file", how.token_file);
        add(made, "role_session_name", how.session_name);
        return step("WebIdentityToken", made);
    }
    json::value operator()(credentials::sso_settings const& how) const {
        json::value made = json::value::object();
        add(made, "sso_session", how.session);
        add(made, "sso_account_id", how.account_id);
        add(made, "sso_region", how.region);
        add(made, "sso_role_name", how.role_name);
        add(made, "sso_start_url", how.start_url);
        return step("Sso", made);
    }
    json::value operator()(credentials::sso_token_settings const& how) const {
        json::value made = json::value::object();
        add(made, "sso_session", how.session);
        add(made, "sso_region", how.region);
        add(made, "sso_start_url", how.start_url);
        return step("Sso", made);
    }
    json::value operator()(credentials::process_settings const& how) const {
        return step("Process", json::value(how.command));
    }
};

json::value steps_of(profile_chain const& chain) {
    json::value made = json::value::array();
    made.push_back(std::visit(shown{}, chain.first));
    for (auto const& each : chain.roles) {
        json::value role = json::value::object();
        add(role, "role_arn", each.role.role_arn);
        add(role, "role_session_name", each.role.session_name);
        add(role, "external_id", each.role.external_id);
        made.push_back(step("AssumeRole", role));
    }
    return made;
}

std::string why(std::string_view config, std::string_view name = "a") {
    auto const chain = resolve_profile(files_of(config), name);
    REQUIRE_FALSE(chain);
    CHECK(chain.error().code == errc::bad_configuration);
    CHECK(chain.error().message.find('\n') == std::string::npos);
    return chain.error().message;
}

std::string way(std::string_view config, std::string_view credentials_file = {}) {
    auto const chain = resolve_profile(files_of(config, credentials_file), "a");
    if (!chain) return chain.error().message;
    constexpr char const* names[] = {"key", "source", "web identity", "sso", "sso token", "process"};
    return (chain->roles.empty() ? "" : "role with ") + std::string{names[chain->first.index()]};
}

std::string const keys = "aws_access_key_id = AKID\naws_secret_access_key = s\n";

} // namespace

TEST_CASE("the recorded cases of profiles with roles come out as recorded") {
    auto const all = testing_support::load("credential-chain-cases.json");
    int right = 0;
    int refused = 0;
    for (auto const& each : *json::array_of(all, "assume_role_profiles")) {
        CAPTURE(text(each, "docs"));
        auto const& input = *json::object_of(each, "input");
        auto const& output = *json::object_of(each, "output");
        auto const name = text(input, "selected_profile");
        auto const files =
            files_of(written(input, "profiles", "profile") + written(input, "sso_sessions", "sso-session"));
        // A profile that is nowhere is for who chose it to tell: see `profile`.
        if (files.profile(name) == nullptr) {
            CHECK(json::member(output, "Error") != nullptr);
            ++refused;
            continue;
        }
        auto const chain = resolve_profile(files, name);
        if (json::member(output, "Error") != nullptr) {
            CHECK_FALSE(chain);
            ++refused;
            continue;
        }
        if (!chain) FAIL_CHECK(chain.error().message);
        if (!chain) continue;
        CHECK(json::write(steps_of(*chain)) == json::write(*json::array_of(output, "ProfileChain")));
        ++right;
    }
    CHECK(right == 13);
    CHECK(refused == 15);
}

TEST_CASE("within one profile boto3's order decides") {
    std::string const role = "role_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n";
    std::string const web = "role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /t\n";
    std::string const sso =
        "sso_account_id = 1\nsso_role_name = r\nsso_region = eu-west-1\nsso_start_url = https://s\n";
    std::string const program = "credential_process = p\n";
    std::string const login = "login_session = l\n";
    std::string const a = "[profile a]\n";
    CHECK(way(a + keys + role + sso + program) == "role with source");
    CHECK(way(a + role, "[a]\n" + keys) == "role with source");
    CHECK(way(a + keys + web + sso + program) == "web identity");
    CHECK(way(a + keys + web + "source_profile = b\n") == "web identity");
    CHECK(way(a + keys + sso + program) == "sso");
    CHECK(way(a + sso + program + login, "[a]\n" + keys) == "sso");
    CHECK(way(a + program + login, "[a]\n" + keys) == "key");
    CHECK_THAT(way(a + program + login + keys), Catch::Contains("login_session"));
    CHECK(way(a + program + keys) == "process");
    CHECK(way(a + keys) == "key");
    CHECK(way(a + keys + "sso_start_url = https://s\n") == "key");
    CHECK(way(a + "sso_start_url = https://s\n") == "sso token");
    CHECK(way(a + keys + "source_profile = b\nrole_arn =\n") == "key");
}

TEST_CASE("a profile that others take their key from gives its own, and takes on a role only without one") {
    std::string const a = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n[profile b]\n";
    std::string const role = "role_arn = arn:aws:iam::1:role/b\ncredential_source = Ec2InstanceMetadata\n";
    auto const with_key = resolve_profile(files_of(a + role + keys), "a");
    REQUIRE(with_key);
    CHECK(with_key->profile == "b");
    CHECK(with_key->roles.size() == 1);
    auto const without = resolve_profile(files_of(a + role), "a");
    REQUIRE(without);
    REQUIRE(without->roles.size() == 2);
    CHECK(without->roles[0].profile == "b");
    CHECK(without->roles[1].profile == "a");
    CHECK(way(a + "credential_process = p\n") == "role with process");
    CHECK(way(a + "role_arn = arn:aws:iam::1:role/b\nweb_identity_token_file = /t\n") == "role with web identity");
}

TEST_CASE("a circle of profiles is told as it is walked") {
    std::string const a = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n";
    CHECK_THAT(why(a + "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = a\n"),
               Catch::Contains("a -> b -> a"));
    CHECK_THAT(why(a + "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = c\n"
                       "[profile c]\nrole_arn = arn:aws:iam::1:role/c\nsource_profile = b\n"),
               Catch::Contains("a -> b -> c -> b"));
    std::string const itself = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = a\n";
    CHECK_THAT(why(itself), Catch::Contains("a -> a"));
    CHECK_THAT(why(itself + "credential_process = p\n"), Catch::Contains("a -> a"));
    CHECK(way(itself + keys) == "role with key");
}

TEST_CASE("what a role is asked with stands in the profile, within STS's limits") {
    std::string const a = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\ncredential_source = Environment\n";
    auto const chain = resolve_profile(files_of(a + "duration_seconds = 7200\nexternal_id = x/1\n"), "a");
    REQUIRE(chain);
    CHECK(chain->roles[0].role.duration == std::chrono::hours{2});
    CHECK(chain->roles[0].role.external_id == "x/1");
    for (char const* const wrong : {"899", "43201", "1h", "-900", "99999999999999999999"})
        CHECK_THAT(why(a + "duration_seconds = " + wrong + "\n"),
                   Catch::Contains("profile a: ") && Catch::Contains("duration_seconds"));
    CHECK_THAT(why(a + "mfa_serial = arn:aws:iam::1:mfa/me\n"), Catch::Contains("mfa_serial"));
    CHECK_THAT(why(a + "role_session_name = not this\n"), Catch::Contains("role_session_name"));
    CHECK_THAT(why(a + "external_id = <x>\n"), Catch::Contains("external_id"));
}

TEST_CASE("a role that is taken on with another role's key lasts an hour at most") {
    std::string const first = "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nduration_seconds = 7200\n";
    std::string const then = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n";
    CHECK(way(then + "duration_seconds = 3600\n" + first + "credential_source = Environment\n") == "role with source");
    CHECK_THAT(why(then + "duration_seconds = 3601\n" + first + "credential_source = Environment\n"),
               Catch::Contains("profile a: duration_seconds is over 3600"));
    CHECK_THAT(why(then + "duration_seconds = 3601\n" + first + "web_identity_token_file = /t\n"),
               Catch::Contains("profile a: duration_seconds is over 3600"));
}

TEST_CASE("what cannot be followed is told with the profile and the setting") {
    std::string const role = "role_arn = arn:aws:iam::1:role/a\n";
    CHECK_THAT(why("[profile a]\n" + role),
               Catch::Contains("profile a: ") && Catch::Contains("source_profile or credential_source"));
    CHECK_THAT(why("[profile a]\n" + role + "source_profile = b\ncredential_source = Environment\n[profile b]\n"),
               Catch::Contains("both source_profile and credential_source"));
    CHECK_THAT(why("[profile a]\n" + role + "source_profile = b\n"), Catch::Contains("source_profile b"));
    for (char const* const source : {"ecscontainer", "EC2InstanceMetadata", "Process"})
        CHECK_THAT(why("[profile a]\n" + role + "credential_source = " + source + "\n"),
                   Catch::Contains("Ec2InstanceMetadata"));
    CHECK_THAT(why("[profile a]\nweb_identity_token_file = /t\n"),
               Catch::Contains("web_identity_token_file is set without role_arn"));
    CHECK_THAT(why("[profile a]\nlogin_session = arn\n"), Catch::Contains("login_session"));
    CHECK_THAT(why("[profile a]\n" + role + "source_profile = b\n[profile b]\nregion = r\n"),
               Catch::Contains("profile b: "));
    CHECK_THAT(why("[profile a]\n" + role + "source_profile = b\n[profile b]\naws_access_key_id = i\n"),
               Catch::Contains("profile b: ") && Catch::Contains("aws_secret_access_key"));
    CHECK_THAT(why("[profile a]\nsso_session = s\nsso_region = eu-west-1\n[sso-session s]\nsso_start_url = u\n"),
               Catch::Contains("sso_region") && Catch::Contains("sso-session s"));
}

TEST_CASE("a profile that says nothing of keys has nothing to offer") {
    auto const chain = resolve_profile(files_of("[profile a]\nregion = eu-west-1\nrole_arn =\n"), "a");
    REQUIRE_FALSE(chain);
    CHECK(chain.error().code == errc::not_configured);
    CHECK_THAT(chain.error().message, Catch::StartsWith("profile a: "));
}
