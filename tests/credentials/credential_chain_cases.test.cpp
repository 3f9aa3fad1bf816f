#include <fargate/credentials/chain.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/credentials/profile.hpp>
#include <fargate/credentials/standard.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The published cases of a whole search. They are of a library whose sources come as modules and register themselves in
// slots; here a search is a list that the program writes down, so that a case's modules and its custom providers become one.

using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::credentials::access_key;
using fargate::credentials::chain;
using fargate::credentials::container;
using fargate::credentials::environment;
using fargate::credentials::fixed;
using fargate::credentials::instance;
using fargate::credentials::profile;
using fargate::credentials::standard;
using fargate::credentials::standard_options;
using testing_support::world;
namespace http = fargate::http;
namespace json = fargate::json;
namespace text = fargate::text;

namespace {

/// A provider of the case's own.
struct custom {
    std::string name_of_it{};
    bool present = true;
    bool terminal = true;
    result<access_key> answer{fail(errc::not_configured, "nothing")};
    std::vector<std::string>* refused = nullptr;

    template <class Http, class Clock, class Environment>
    result<access_key> fetch(Http&, Clock&, Environment const&) const {
        if (!present) return fail(errc::not_configured, name_of_it + ": not here");
        if (!answer && !terminal) return fail(errc::not_configured, name_of_it + ": " + answer.error().message);
        return answer;
    }
    void invalidate(std::uint64_t) const {
        if (refused != nullptr) refused->push_back(name_of_it);
    }
};

access_key key_of(json::value const& told) {
    access_key made;
    made.id = testing_support::text(told, "accessKeyId");
    made.secret_key = fargate::secret{testing_support::text(told, "secretAccessKey")};
    made.session_token = fargate::secret{testing_support::text(told, "sessionToken")};
    made.account_id = testing_support::text(told, "accountId");
    return made;
}

struct fixture : world {
    json::value const& input;
    json::value const& expected;
    std::vector<custom> providers{};
    std::vector<std::string> services{}; ///< that were asked, in order

    explicit fixture(json::value const& told) :
        input{*json::object_of(told, "input")}, expected{*json::object_of(told, "expected")} {
        environment.set("HOME", "/h");
        environment.set_file("/some/path", "a.web.token");
        environment.set_file("/h/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json", // of the session `dev`
                             R"({"accessToken": "sign-on", "expiresAt": "2080-10-16T03:56:45Z"})");
        if (auto const* const variables = json::object_of(input, "env"))
            for (auto const& [name, value] : variables->items())
                environment.set(name, std::string{*json::as_text(value)});
        if (auto const* const files = json::object_of(input, "configFiles"))
            environment.set_file("/h/.aws/config", testing_support::text(*files, "aws"));
        if (auto const* const all = json::array_of(input, "customProviders"))
            for (auto const& each : *all) {
                auto const& said = *json::object_of(each, "response");
                auto const why = json::text_of(said, "error");
                providers.push_back({testing_support::text(each, "name"), json::flag_of(each, "present").value_or(true),
                                     json::flag_of(each, "terminal").value_or(true),
                                     why ? result<access_key>{fail(errc::service_error, std::string{*why})}
                                         : result<access_key>{key_of(said)}});
            }
        http.otherwise([this](http::request const& request) { return answer(request); });
    }

    result<http::response> answer(http::request const& request) {
        if (text::contains(request.url, "169.254.169.254")) return of_instance(request);
        if (text::contains(request.url, "://sts.")) return serve("stsResponse", request);
        if (text::contains(request.url, "://portal.sso.")) return serve("ssoResponse", request);
        return serve("httpResponse", request);
    }

    result<http::response> of_instance(http::request const& request) {
        auto const* const said = json::object_of(input, "imdsResponse");
        if (said == nullptr) return fail(errc::connection_failed, "nobody there");
        if (request.method == "PUT") return http::response{200, {}, "TOKEN"};
        if (json::text_of(*said, "error")) return http::response{404, {}, {}};
        if (request.url.ends_with('/')) return http::response{200, {}, "app"};
        return serve("imdsResponse", request);
    }

    result<http::response> serve(char const* what, http::request const& request) {
        services.emplace_back(what);
        auto const* const said = json::object_of(input, what);
        if (said == nullptr) return fail(errc::connection_failed, "nobody there");
        if (auto const why = json::text_of(*said, "error"))
            return http::response{403,
                                  {},
                                  "<ErrorResponse><Error><Code>AccessDenied</Code><Message>" + std::string{*why} +
                                      "</Message></Error></ErrorResponse>"};
        auto const key = key_of(*said);
        std::string const secret_key{key.secret_key.reveal()};
        std::string const token{key.session_token.reveal()};
        std::string_view const service = what;
        if (service == "stsResponse") {
            std::string const operation =
                text::contains(request.body, "WebIdentity") ? "AssumeRoleWithWebIdentity" : "AssumeRole";
            return http::response{200,
                                  {},
                                  "<" + operation + "Response><" + operation +
                                      "Result><AssumedRoleUser><Arn>arn:aws:sts::" + key.account_id +
                                      ":assumed-role/Foo/x</Arn></AssumedRoleUser><Credentials><AccessKeyId>" + key.id +
                                      "</AccessKeyId><SecretAccessKey>" + secret_key +
                                      "</SecretAccessKey><SessionToken>" + token +
                                      "</SessionToken><Expiration>2024-01-02T09:04:05Z</Expiration></Credentials></" +
                                      operation + "Result></" + operation + "Response>"};
        }
        json::value document;
        bool const sso = service == "ssoResponse";
        json::set(document, sso ? "accessKeyId" : "AccessKeyId", key.id);
        json::set(document, sso ? "secretAccessKey" : "SecretAccessKey", secret_key);
        json::set(document, sso ? "sessionToken" : "Token", token);
        if (!sso) json::set(document, "AccountId", key.account_id);
        if (sso) {
            json::set(document, "expiration", std::int64_t{1'704'186'245'000});
            json::value outer;
            json::set(outer, "roleCredentials", document);
            document = outer;
        }
        return http::response{200, {}, json::write(document)};
    }

    void check_key(result<access_key> const& key) const {
        auto const* const wanted = json::object_of(expected, "resolved");
        REQUIRE(wanted != nullptr);
        INFO((key ? key->id : key.error().message));
        REQUIRE(key);
        CHECK(key->id == testing_support::text(*wanted, "accessKeyId"));
        CHECK(key->secret_key.reveal() == testing_support::text(*wanted, "secretAccessKey"));
        CHECK(key->session_token.reveal() == testing_support::text(*wanted, "sessionToken"));
        CHECK(key->account_id == testing_support::text(*wanted, "accountId"));
    }

    /// The error names these, in this order.
    void check_error(result<access_key> const& key, std::vector<std::string> const& parts) const {
        REQUIRE(json::object_of(expected, "resolutionError") != nullptr);
        REQUIRE_FALSE(key);
        std::size_t at = 0;
        for (auto const& part : parts) {
            INFO(part << " in " << key.error().message);
            at = key.error().message.find(part, at);
            REQUIRE(at != std::string::npos);
        }
    }
};

/// Numbers and what is done with them; nothing is left over.
class cases {
public:
    explicit cases(json::value const& all) {
        for (auto const& each : *json::array_of(all, "chain")) told_.emplace(testing_support::text(each, "id"), &each);
        count_ = told_.size();
    }

    template <class Does>
    void tell(std::vector<std::string> const& ids, Does const& does) {
        for (auto const& id : ids) {
            auto const found = told_.find(id);
            INFO("case " << id);
            REQUIRE(found != told_.end());
            fixture f{*found->second};
            does(f);
            told_.erase(found);
        }
    }
    /// The AWS contract's paragraph says why.
    void leave_out(std::string const& id, char const* /*paragraph*/) { CHECK(told_.erase(id) == 1); }

    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] std::size_t left() const { return told_.size(); }

private:
    std::map<std::string, json::value const*> told_;
    std::size_t count_ = 0;
};

/// Hands out tokens and no keys.
struct of_tokens {
    template <class Http, class Clock, class Environment>
    result<std::string> fetch(Http&, Clock&, Environment const&) const {
        return std::string{"aToken"};
    }
};

} // namespace

TEST_CASE("every published case of a whole search") {
    auto const all = testing_support::load("credential-chain-cases.json");
    cases known{all};
    REQUIRE(known.count() == 29);

    known.tell({"1", "2", "8", "29"}, [](fixture& f) {
        f.check_key(f.fetch(chain{environment{}, profile{}})); // modules: none but the core
        f.check_key(f.fetch(standard{}));
        CHECK(f.services.empty());
    });
    known.tell({"5", "7", "10", "27", "30"}, [](fixture& f) { f.check_key(f.fetch(standard{})); });
    known.tell({"26"}, [](fixture& f) {
        f.check_key(f.fetch(standard{testing_support::text(f.input, "profileNameOverride")}));
    });
    known.tell({"17"}, [](fixture& f) { // a key that the program gives
        f.check_key(f.fetch(standard{key_of(*json::object_of(f.input, "clientIdentityResolver"))}));
        CHECK(f.services.empty());
    });
    known.tell({"25"}, [](fixture& f) { // what stands on the disk elsewhere is not read
        f.environment.set_file("/preloaded", testing_support::text(f.input, "preloadedConfigFile"));
        f.environment.set("AWS_CONFIG_FILE", "/preloaded");
        f.check_key(f.fetch(standard{}));
    });

    // What is configured and fails ends the search, before the metadata service that would have had a key.
    known.tell({"3"}, [](fixture& f) {
        f.check_error(f.fetch(standard{}), {"role of the profile", "AccessDenied: not authorized to assume role"});
        CHECK(f.services == std::vector<std::string>{"stsResponse"});
    });
    known.tell({"20"}, [](fixture& f) { // found before anybody is asked
        f.check_error(f.fetch(standard{}), {"role of the profile", "circle", "default -> default"});
        CHECK(f.services.empty());
    });
    known.tell({"18"}, [](fixture& f) {
        f.check_error(f.fetch(chain{environment{}, profile{}}), {"environment: ", "profile: "});
        f.check_error(f.fetch(standard{}), {"environment: ", "profile: ", "container: ", "instance: "});
    });

    // Providers of one's own stand where the list has them.
    known.tell({"4"}, [](fixture& f) {
        f.check_key(f.fetch(chain{environment{}, profile{}, instance{}, f.providers.at(0)}));
    });
    known.tell({"12"}, [](fixture& f) { f.check_key(f.fetch(chain{f.providers.at(0), environment{}})); });
    known.tell({"13", "14"}, [](fixture& f) {
        f.check_key(f.fetch(chain{environment{}, f.providers.at(0), profile{}}));
        CHECK(f.services.empty());
    });
    known.tell({"19"}, [](fixture& f) {
        f.check_error(f.fetch(chain{environment{}, f.providers.at(0), instance{}}),
                      {"BestEffort: Vault unavailable", "instance: the instance has no role"});
    });
    known.tell({"28"}, [](fixture& f) {
        f.check_key(f.fetch(chain{environment{}, f.providers.at(0), f.providers.at(1)}));
        f.check_key(f.fetch(chain{environment{}, f.providers.at(1), f.providers.at(0)}));
    });
    known.tell({"23"}, [](fixture& f) {
        std::vector<std::string> refused;
        for (auto& each : f.providers) each.refused = &refused;
        chain list{f.providers.at(0), environment{}, f.providers.at(1)};
        list.invalidate(7);
        std::vector<std::string> wanted;
        for (auto const& each : *json::array_of(f.expected, "invalidatedProviders"))
            wanted.emplace_back(*json::as_text(each));
        CHECK(refused == wanted);
    });

    // §3.1: a list without a source does not see what is meant for it, and there are no modules to suggest.
    known.tell({"6"}, [](fixture& f) {
        f.check_error(f.fetch(chain{environment{}}), {"no access key found: environment: "});
    });
    // §3.1: a source of tokens is none of keys, and is no part of a list: the compiler says so.
    known.tell({"22"}, [](fixture& f) {
        using fargate::testing::manual_clock;
        using fargate::testing::map_environment;
        using fargate::testing::scripted_http;
        STATIC_REQUIRE_FALSE(fargate::credential_policy<of_tokens, scripted_http, manual_clock, map_environment>);
        f.check_error(f.fetch(chain{environment{}}), {"environment: "});
    });
    // §3.1: a profile with both a key and a role takes on the role, as boto3 has it; the case has it the other way round.
    known.tell({"9"}, [](fixture& f) {
        auto const key = f.fetch(standard{});
        REQUIRE(key);
        CHECK(key->id == "9");
    });
    // §3.6: the portal's answer holds no account, so that the profile's own is told; the case's portal tells one.
    known.tell({"11"}, [](fixture& f) {
        auto key = f.fetch(standard{});
        REQUIRE(key);
        CHECK(key->account_id == "123456789012");
        key->account_id = "4";
        f.check_key(key);
    });

    // Left out:
    known.leave_out("15", "§3.1: providers stand in a list and claim no slots, so that no two can claim the same");
    known.leave_out("16", "§3.1: a provider's name is for people, and two may have the same");
    known.leave_out("21", "§3: access keys are what is looked for, not tokens");
    CHECK(known.left() == 0);
}

TEST_CASE("every published case of `aws login` is refused with a hint") {
    // §3.6: its keys are renewed by a proof that only AWS's own tools have; two of the cases end in a key.
    auto const all = testing_support::load("credential-chain-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(all, "login")) {
        ++seen;
        INFO(testing_support::text(each, "documentation"));
        world w{{{"HOME", "/h"}}, {{"/h/.aws/config", testing_support::text(each, "configContents")}}};
        for (auto const& [name, content] : json::object_of(each, "cacheContents")->items())
            w.environment.set_file("/h/.aws/login/cache/" + name, json::write(content));
        auto const key = w.fetch(standard{"signin"});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::bad_configuration);
        CHECK_THAT(key.error().message, Catch::Contains("profile signin") && Catch::Contains("login_session") &&
                                            Catch::Contains("aws configure export-credentials"));
        CHECK(w.http.requests().empty());
    }
    CHECK(seen == 8);
}
