#include <fargate/agent.hpp>

#include <fargate/service/metrics.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>

#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS quotes the request whose signature it refuses, session token and all, and a proxy in front of Prefect may send back
// what it was sent. Here everybody does, on every request in turn, through success and every failure. What people can
// read afterwards is searched for what was confided.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

constexpr std::string_view key_id = "ASIAIOSFODNN7EXAMPLE";
constexpr std::string_view secret_key = "Zq8vX1/uLm3nQwErTyUiOpAsDfGhJkLzXcVbNm90";
constexpr std::string_view session_token = "FwoGZXIvYXdzEBYaDHk2b0c/Jd9sTq+R4wLmN8vXz7QpYtGhKjFdSaWeRtYuIoPlMnBvCxZq==";
constexpr std::string_view api_token = "pcu_T0kenOfTheRunnerWhoPolls";
constexpr std::string_view api_key = "pck_K3yOfTheAccountThatPolls";

/// A request as who quotes it has it: the line, the fields and the body.
std::string text_of(http::request const& request) {
    std::string made = request.method + " " + request.url + "\n";
    for (auto const& each : request.headers) made += each.name + ":" + each.value + "\n";
    return made + "\n" + request.body;
}

http::response response_of(int status, std::string_view type, std::string body) {
    http::response made;
    made.status = status;
    made.headers.add("Content-Type", std::string{type});
    made.body = std::move(body);
    return made;
}

/// How a service, a proxy or a web page may write what it quotes.
enum class spelling : unsigned char { plain, percent, percent_twice, json, html, beginning, middle, end, count };

std::string spelled(spelling how, std::string_view text) {
    std::string made;
    auto const each_as = [&](std::string_view before, std::string_view behind) {
        for (char const c : text) {
            std::string digits;
            text::append_hex(digits, {&c, 1});
            made.append(before).append(digits).append(behind);
        }
        return made;
    };
    switch (how) {
    case spelling::percent: return text::percent_encode(text);
    case spelling::percent_twice: return text::percent_encode(text::percent_encode(text));
    case spelling::json: return each_as("\\u00", "");
    case spelling::html: return each_as("&#x", ";");
    case spelling::beginning: return std::string{text.substr(0, 20)} + "\xE2\x80\xA6";
    case spelling::middle: return "..." + std::string{text.substr(text.size() / 4, text.size() / 2)} + "...";
    case spelling::end: return "..." + std::string{text.substr(text.size() - std::min<std::size_t>(text.size(), 20))};
    case spelling::plain:
    case spelling::count: break;
    }
    return std::string{text};
}

/// One thing that is said of a request that is not done.
struct refusal {
    int status;
    std::string_view code; ///< what AWS or Apollo calls it; empty: a web page
    std::string_view words;
};

constexpr refusal from_aws[] = {
    {403, "SignatureDoesNotMatch",
     "The request signature we calculated does not match the signature you provided. The "
     "Canonical String for this request should have been "},
    {400, "InvalidSignatureException", "The Canonical String for this request should have been "},
    {400, "IncompleteSignatureException", "Authorization header requires 'Signature' parameter. Authorization="},
    {400, "AccessDeniedException", "User is not authorized to perform this on "},
    {400, "ThrottlingException", "Rate exceeded: "},
    {400, "UnrecognizedClientException", "The security token included in the request is invalid. "},
    {400, "ExpiredTokenException", "The security token included in the request is expired "},
    {400, "InvalidParameterException", "Invalid parameter in "},
    {400, "ClientException", ""},
    {500, "ServerException", "Service Unavailable. Please try again later. "},
    {502, "", "Bad gateway, for "},
    {200, "", "Who are you? You said "},
};

constexpr refusal from_prefect[] = {
    {200, "INTERNAL_SERVER_ERROR", "Unexpected error in "},
    {200, "API_ERROR", "Timed out on "},
    {400, "GRAPHQL_VALIDATION_FAILED", "Cannot read "},
    {401, "UNAUTHENTICATED", "Malformed Authorization header: "},
    {403, "", "Forbidden: "},
    {302, "", "/login?was="},
    {502, "", "Bad gateway, for "},
    {200, "", "Who are you? You said "},
};

/// What is quoted: the whole request, as AWS's canonical string has it, or what is confided in it, one by one.
std::string quoted(http::request const& request, std::size_t which, spelling how) {
    auto const field = [&](std::string_view name) { return std::string{request.headers.value_of(name)}; };
    auto const secret_part = [&](std::string const& body) {
        auto const at = body.find(api_token) != std::string::npos ? body.find(api_token) : body.find(api_key);
        return at == std::string::npos ? std::string{} : body.substr(at, 40);
    };
    switch (which % 5) {
    case 0: return spelled(how, field("Authorization"));
    case 1: return spelled(how, field("X-Amz-Security-Token")) + " " + spelled(how, field("Authorization"));
    case 2: return spelled(how, secret_part(request.body)) + " " + spelled(how, field("Authorization"));
    case 3: return std::string(500, 'x') + field("Authorization"); // where a message may be cut
    default: return spelled(how, text_of(request));
    }
}

std::string one_line(std::string words) {
    for (auto& c : words)
        if (c == '\n' || c == ' ') c = '+';
    return words;
}

http::response answer_of(refusal const& how, bool aws, std::string const& quote, std::size_t place) {
    auto const words = std::string{how.words} + quote;
    if (how.status == 302) {
        auto made = response_of(302, "text/html", words);
        made.headers.add("Location", one_line(words));
        return made;
    }
    if (how.code.empty()) return response_of(how.status, "text/html", "<html>" + words + "</html>");
    auto body = json::value::object();
    if (aws) {
        json::set(body, "__type", place % 5 == 1 ? quote : std::string{how.code});
        json::set(body, "message", words);
        if (place % 5 == 2) json::set(body, "resourceIds", json::value::array({quote}));
        auto made = response_of(how.status, "application/x-amz-json-1.1", json::write(body));
        if (place % 5 == 3) made.headers.add("x-amzn-RequestId", one_line(quote));
        if (place % 5 == 4) made.body = words;
        return made;
    }
    json::value const extensions{{"code", place % 3 == 1 ? quote : std::string{how.code}}};
    json::set(body, "errors", json::value::array({json::value{{"message", words}, {"extensions", extensions}}}));
    auto made = response_of(how.status, "application/json", json::write(body));
    // A member twice is told by its name.
    if (place % 3 == 2)
        made.body = "{" + json::write(json::value(quote)) + ":1," + json::write(json::value(quote)) + ":2}";
    return made;
}

/// Sends requests on, and answers some with a piece of themselves: of each operation the first, the third and so on, each
/// time in another way. Keeps the signatures that were sent.
class parrot {
public:
    explicit parrot(unsigned seed) : chance_{seed + 1} {}

    result<http::response> operator()(http::request const& request, fake_world& world) {
        auto const signature = request.headers.value_of("Authorization");
        if (auto const at = signature.find("Signature="); at != std::string_view::npos)
            signatures.insert(std::string{signature.substr(at + 10)});
        bool const aws = request.headers.find("X-Amz-Date").has_value();
        auto const name = aws ? std::string{request.headers.value_of("X-Amz-Target")} : operation_of(request);
        if (asked_[name]++ % 2 == 1) return world.send(request);
        ++echoes;
        auto const how = static_cast<spelling>(chance_() % static_cast<unsigned>(spelling::count));
        auto const quote = quoted(request, chance_(), how);
        auto const& what =
            aws ? from_aws[chance_() % std::size(from_aws)] : from_prefect[chance_() % std::size(from_prefect)];
        return answer_of(what, aws, quote, chance_());
    }

    std::size_t echoes = 0;
    std::set<std::string> signatures;

private:
    /// The first field of a GraphQL operation.
    static std::string operation_of(http::request const& request) {
        auto const from = request.body.find("{ ");
        return from == std::string::npos ? std::string{} : request.body.substr(from + 2, 24);
    }

    std::minstd_rand chance_;
    std::map<std::string, std::size_t> asked_;
};

/// What people can read.
struct readable {
    std::string agent_log;
    std::string run_logs;
    std::string states;
    std::string health;
    std::string errors;
};

/// Every piece that would be of use: of twelve characters and more, in every spelling that can be read back.
std::vector<std::string> needles_of(parrot const& bird) {
    constexpr std::size_t piece = 12;
    std::vector<std::string> made{"Credential=" + std::string{key_id} + "/"};
    for (auto const how : {spelling::plain, spelling::percent, spelling::percent_twice, spelling::json, spelling::html})
        for (auto const secret : {secret_key, session_token, api_token, api_key})
            for (std::size_t at = 0; at + piece <= secret.size(); ++at)
                made.push_back(spelled(how, secret.substr(at, piece)));
    for (auto const& each : bird.signatures)
        for (std::size_t at = 0; at + piece <= each.size(); at += piece) made.push_back(each.substr(at, piece));
    return made;
}

void check_silent(readable const& all, parrot const& bird) {
    auto const needles = needles_of(bird);
    for (auto const& [name, text] : {std::pair{"the agent's log", &all.agent_log},
                                     std::pair{"a run's log", &all.run_logs}, std::pair{"a run's state", &all.states},
                                     std::pair{"health", &all.health}, std::pair{"an error", &all.errors}})
        for (auto const& each : needles) {
            auto const at = text->find(each);
            if (at == std::string::npos) continue;
            auto const from = text->rfind('\n', at) + 1;
            FAIL_CHECK(name << " tells " << each << ": " << text->substr(from, text->find('\n', at) - from));
            break;
        }
}

/// What an agent is given.
enum class trust : unsigned char { token_and_role, key_and_role, token_and_user };

/// An agent with one secret of Prefect's Cloud, and AWS's temporary key of a role or the key of a user.
struct confided {
    explicit confided(trust given, unsigned seed) :
        world{cloud(given)}, bird{seed}, agent{world, options(given, world)} {
        auto const session = given == trust::token_and_user ? std::string_view{} : session_token;
        agent.inside().parts.credentials =
            credentials::fixed{std::string{key_id}, secret{std::string{secret_key}}, secret{std::string{session}}};
        world.aws.accept_only({{std::string{key_id}, std::string{secret_key}, std::string{session}, {}}});
        agent.line().through = [this](http::request const& request, fake_world& where) { return bird(request, where); };
    }

    static fakes::prefect_setup cloud(trust given) {
        bool const by_key = given == trust::key_and_role;
        return {.cloud = true,
                .token = std::string{by_key ? std::string_view{} : api_token},
                .api_key = std::string{by_key ? api_key : std::string_view{}}};
    }

    static agent_options options(trust given, stage const& world) {
        auto made = testing_support::careful();
        made.backend = prefect::backend::cloud;
        made.level = log_level::debug;
        if (given == trust::key_and_role) {
            made.api_key = secret{std::string{api_key}};
            made.tenant_id = world.prefect.tenant_id();
        } else {
            made.token = secret{std::string{api_token}};
        }
        return made;
    }

    /// Opens in spite of everything.
    void open() {
        for (int i = 0; i != 100; ++i) {
            auto const opened = agent.agent().open();
            if (opened) return;
            tell(opened.error());
        }
        FAIL("it never opened:\n" << errors);
    }

    /// Keeps what an error tells.
    void tell(error const& why) {
        errors += why.message + "\n" + why.service_code + "\n" + why.request_id + "\n";
        for (auto const& each : why.resources) errors += each + "\n";
    }

    void check(std::vector<std::string> const& runs) {
        CHECK(bird.echoes != 0);
        readable all{agent.log().text(), {}, {}, {}, errors};
        for (auto const& each : world.prefect.logs()) all.run_logs += each.message + "\n";
        for (auto const& id : runs)
            for (auto const& each : world.prefect.history(id))
                all.states += each.message + json::write(each.state) + "\n";
        auto const health = agent.agent().health();
        all.health = service::openmetrics(health) + health.last_error + "\n" +
                     service::trouble_of(health, world.clock.now() + 1h, 1s).value_or("");
        check_silent(all, bird);
    }

    stage world;
    parrot bird;
    process agent;
    std::string errors;
};

constexpr trust all_trusts[] = {trust::token_and_role, trust::key_and_role, trust::token_and_user};

} // namespace

TEST_CASE("whoever quotes the agent's requests, nothing that was confided can be read anywhere") {
    std::size_t ended = 0;
    for (auto const given : all_trusts)
        for (unsigned seed = 0; seed != 8; ++seed) {
            INFO("trust " << static_cast<int>(given) << ", seed " << seed);
            confided now{given, seed};
            now.world.aws.ecs.next_task(fakes::exits_with(1));
            now.world.aws.ecs.next_task(fakes::never_starts());
            now.world.aws.ecs.next_task(fakes::runs_out_of_memory());
            now.open();
            auto const runs = now.world.queue_runs(5, 5);
            auto const end = now.world.clock.now() + 10min;
            while (now.world.clock.now() < end) {
                (void)now.agent.agent().run();
                now.world.play();
            }
            CHECK(now.bird.echoes > 20);
            for (auto const& each : runs) ended += now.world.prefect.state(each) == "Success" ? 1 : 0;
            now.check(runs);
        }
    CHECK(ended > 10); // success was among it
}

TEST_CASE("what a try of the configuration tells holds nothing that was confided") {
    for (auto const given : all_trusts)
        for (unsigned seed = 0; seed != 8; ++seed) {
            confided now{given, seed};
            for (int i = 0; i != 6; ++i) {
                auto const tried = now.agent.agent().validate_configuration();
                if (!tried) now.tell(tried.error());
                if (!tried) continue;
                for (auto const& each : tried->steps) now.errors += each.said + "\n" + each.advice + "\n";
            }
            now.check({});
        }
}

TEST_CASE("passwords in addresses are told by nobody") {
    for (auto const given : all_trusts)
        for (int which = 0; which != 3; ++which) {
            stage world{confided::cloud(given)};
            auto options = confided::options(given, world);
            std::string const address = "https://somebody:" + std::string{api_key} + "@127.0.0.1:9/";
            if (which == 0) options.api = address;
            if (which == 1) options.endpoint_url = address;
            process agent{world, options};
            world.queue_runs(1);
            if (which == 2) agent.inside().parts.environment.set("PREFECT__CLOUD__API", address);
            auto const opened = agent.agent().open();
            for (int i = 0; opened && i != 3; ++i) (void)agent.agent().run();
            CAPTURE(which, agent.log().text());
            parrot const none{0};
            readable all{agent.log().text(), {}, {}, {}, opened ? "" : opened.error().message};
            all.health = service::openmetrics(agent.agent().health()) + agent.agent().health().last_error;
            check_silent(all, none);
            CHECK((!opened || text::contains(all.agent_log, "user or password")));
        }
}
