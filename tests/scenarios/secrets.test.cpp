#include <fargate/agent.hpp>

#include <fargate/service/metrics.hpp>

#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <map>
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

/// One way to answer with the request in it.
struct echo {
    int status;
    std::string_view code; ///< what AWS or Apollo calls it; empty: a web page
    std::string_view words;
};

constexpr echo from_aws[] = {
    {403, "SignatureDoesNotMatch",
     "The request signature we calculated does not match the signature you provided. The "
     "Canonical String for this request should have been "},
    {400, "InvalidSignatureException", "The Canonical String for this request should have been "},
    {400, "IncompleteSignatureException", "Authorization header requires 'Signature' parameter. "},
    {400, "AccessDeniedException", "User is not authorized to perform this on "},
    {400, "ThrottlingException", "Rate exceeded: "},
    {400, "UnrecognizedClientException", "The security token included in the request is invalid. "},
    {400, "ExpiredTokenException", "The security token included in the request is expired "},
    {400, "InvalidParameterException", "Invalid parameter in "},
    {500, "ServerException", "Service Unavailable. Please try again later. "},
    {502, "", "Bad gateway, for "},
    {200, "", "Who are you? You said "},
};

constexpr echo from_prefect[] = {
    {200, "INTERNAL_SERVER_ERROR", "Unexpected error in "},
    {200, "API_ERROR", "Timed out on "},
    {400, "GRAPHQL_VALIDATION_FAILED", "Cannot read "},
    {401, "UNAUTHENTICATED", "Malformed Authorization header: "},
    {403, "", "Forbidden: "},
    {302, "", "/login?was="},
    {502, "", "Bad gateway, for "},
    {200, "", "Who are you? You said "},
};

/// The text in words that begin where the secrets stand, so that they are not cut off behind a long body.
std::string words_of(echo const& how, http::request const& request, bool short_form) {
    std::string made{how.words};
    if (!short_form) return made + text_of(request);
    for (auto const& each : request.headers)
        if (each.name == "Authorization" || each.name == "authorization" || each.name == "X-Amz-Security-Token" ||
            each.name == "x-amz-security-token")
            made += each.name + ":" + each.value + "\n";
    return made;
}

http::response answer_of(echo const& how, http::request const& request, bool aws, bool short_form) {
    auto words = words_of(how, request, short_form);
    if (how.status == 302) {
        auto made = response_of(302, "text/html", words);
        for (auto& c : words)
            if (c == '\n' || c == ' ') c = '+';
        made.headers.add("Location", std::move(words));
        return made;
    }
    if (how.code.empty()) return response_of(how.status, "text/html", "<html>" + words + "</html>");
    auto body = json::value::object();
    if (aws) {
        json::set(body, "__type", std::string{how.code});
        json::set(body, "message", words);
        return response_of(how.status, "application/x-amz-json-1.1", json::write(body));
    }
    json::value const extensions{{"code", std::string{how.code}}};
    json::set(body, "errors", json::value::array({json::value{{"message", words}, {"extensions", extensions}}}));
    return response_of(how.status, "application/json", json::write(body));
}

/// Sends requests on, and answers some with themselves: of each operation the first, the third and so on, each time in
/// another way. Also keeps the signatures that were sent.
class parrot {
public:
    result<http::response> operator()(http::request const& request, fake_world& world) {
        auto const signature = request.headers.value_of("Authorization");
        if (auto const at = signature.find("Signature="); at != std::string_view::npos)
            signatures.insert(std::string{signature.substr(at + 10)});
        bool const aws = request.headers.find("X-Amz-Date").has_value();
        auto const name = aws ? std::string{request.headers.value_of("X-Amz-Target")} : operation_of(request);
        auto const number = asked_[name]++;
        if (quiet || number % 2 == 1) return world.send(request);
        bool const short_form = number % 4 == 0;
        auto const turn = number / 2 + shift;
        auto const& how = aws ? from_aws[turn % std::size(from_aws)] : from_prefect[turn % std::size(from_prefect)];
        ++echoes;
        echoed.insert(name);
        return answer_of(how, request, aws, short_form);
    }

    bool quiet = false;
    std::size_t shift = 0; ///< which way comes first
    std::size_t echoes = 0;
    std::set<std::string> echoed; ///< operations
    std::set<std::string> signatures;

private:
    /// The first field of a GraphQL operation.
    static std::string operation_of(http::request const& request) {
        auto const from = request.body.find("{ ");
        return from == std::string::npos ? std::string{} : request.body.substr(from + 2, 24);
    }

    std::map<std::string, std::size_t> asked_;
};

/// What people can read.
struct readable {
    std::string agent_log;
    std::string run_logs;
    std::string states;
    std::string metrics;
    std::string errors;
};

readable all_of(stage const& world, process& agent, std::vector<std::string> const& runs, std::string errors) {
    readable made;
    made.agent_log = agent.log().text();
    for (auto const& each : world.prefect.logs()) made.run_logs += each.message + "\n";
    for (auto const& id : runs)
        for (auto const& each : world.prefect.history(id)) made.states += each.message + json::write(each.state) + "\n";
    auto const health = agent.agent().health();
    made.metrics = service::openmetrics(health) + health.last_error;
    made.errors = std::move(errors);
    return made;
}

/// Neither a secret stands there nor a good piece of one.
void check_silent(readable const& all, parrot const& bird) {
    constexpr std::size_t piece = 16;
    std::vector<std::string> needles;
    for (auto const secret : {secret_key, session_token, api_token, api_key})
        for (std::size_t at = 0; at + piece <= secret.size(); at += 4) needles.emplace_back(secret.substr(at, piece));
    for (auto const& each : bird.signatures) needles.push_back(each.substr(0, piece));
    for (auto const& [name, text] : {std::pair{"the agent's log", &all.agent_log},
                                     std::pair{"a run's log", &all.run_logs}, std::pair{"a run's state", &all.states},
                                     std::pair{"the metrics", &all.metrics}, std::pair{"an error", &all.errors}})
        for (auto const& each : needles) {
            auto const at = text->find(each);
            if (at == std::string::npos) continue;
            auto const from = text->rfind('\n', at) + 1;
            FAIL_CHECK(name << " tells " << each << ": " << text->substr(from, text->find('\n', at) - from));
            break;
        }
}

/// An agent with a temporary key of AWS and one secret of Prefect's Cloud.
struct confided {
    explicit confided(bool by_key) :
        world{{.cloud = true,
               .token = std::string{by_key ? std::string_view{} : api_token},
               .api_key = std::string{by_key ? api_key : std::string_view{}}}},
        agent{world, options(by_key, world)} {
        agent.inside().parts.credentials = credentials::fixed{std::string{key_id}, secret{std::string{secret_key}},
                                                              secret{std::string{session_token}}};
        world.aws.accept_only({{std::string{key_id}, std::string{secret_key}, std::string{session_token}, {}}});
        agent.line().through = [this](http::request const& request, fake_world& where) { return bird(request, where); };
    }

    static agent_options options(bool by_key, stage const& world) {
        auto made = testing_support::careful();
        made.backend = prefect::backend::cloud;
        made.level = log_level::debug;
        if (by_key) {
            made.api_key = secret{std::string{api_key}};
            made.tenant_id = world.prefect.tenant_id();
        } else {
            made.token = secret{std::string{api_token}};
        }
        return made;
    }

    /// Opens in spite of everything; what the refusals said.
    void open() {
        for (int i = 0; i != 100; ++i) {
            auto const opened = agent.agent().open();
            if (opened) return;
            errors += opened.error().message + "\n" + opened.error().service_code + "\n";
        }
        FAIL("it never opened:\n" << errors);
    }

    stage world;
    parrot bird;
    process agent;
    std::string errors;
};

} // namespace

TEST_CASE("whoever quotes the agent's requests, nothing that was confided can be read anywhere") {
    for (bool const by_key : {false, true})
        for (std::size_t shift = 0; shift != std::size(from_aws); ++shift) {
            INFO((by_key ? "with a key" : "with a token") << ", shift " << shift);
            confided now{by_key};
            now.bird.shift = shift;
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
            check_silent(all_of(now.world, now.agent, runs, now.errors), now.bird);
        }
}

TEST_CASE("what a try of the configuration tells holds nothing that was confided") {
    for (std::size_t shift = 0; shift != std::size(from_aws); ++shift) {
        confided now{false};
        now.bird.shift = shift;
        for (int i = 0; i != 6; ++i) {
            auto const tried = now.agent.agent().validate_configuration();
            if (!tried) {
                now.errors += tried.error().message + "\n";
                continue;
            }
            for (auto const& each : tried->steps) now.errors += each.said + "\n" + each.advice + "\n";
        }
        CHECK(now.bird.echoes != 0);
        check_silent(all_of(now.world, now.agent, {}, now.errors), now.bird);
    }
}
