#include "scenarios/crew.hpp"

#include "support/catch.hpp"

#include <fargate/text/ascii.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

using namespace fargate;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

/// What is known of the launches of one token: what was sent, but for the date, the signature and the number of the
/// client's own try; and how often.
struct launches {
    std::set<std::string> sent{};
    std::size_t count = 0;
};

bool is_run_task(http::request const& request) {
    return request.headers.value_of("x-amz-target") == "AmazonEC2ContainerServiceV20141113.RunTask";
}

std::string token_in(std::string_view body) {
    auto const document = json::parse(body);
    return document ? testing_support::text(*document, "clientToken") : std::string{};
}

std::string lasting_part(http::request const& request) {
    std::string made = request.method + " " + request.url;
    for (auto const& [name, value] : request.headers) {
        auto const known = text::lower(name);
        if (known == "authorization" || known == "x-amz-date" || known.starts_with("amz-sdk-")) continue;
        made.append("\n").append(known).append(": ").append(value);
    }
    return made + "\n\n" + request.body;
}

} // namespace

TEST_CASE("a RunTask whose answer is lost is sent again, the same to the byte, until its one task is known") {
    constexpr std::size_t runs_of_each = 100;
    constexpr std::size_t answers_lost = 5; // more than one launch of the client's sends by itself
    struct trouble {
        char const* name;
        fakes::fault what;
    };
    auto const each = GENERATE(values<trouble>(
        {{"the connection breaks", fakes::dropped().after()},
         {"no answer comes in time", fakes::stalled().after()},
         {"500", fakes::refused(500, "ServerException", "Service Unavailable. Please try again later.").after()},
         {"half an answer", fakes::answered(200, R"({"tasks": [{"taskArn": "arn:aws:ecs:us-)").after()}}));
    INFO(each.name);

    stage world;
    std::map<std::string, std::size_t> lost;
    world.aws.ecs.faults().decide_by(
        [&](std::string_view operation, std::size_t, std::string_view body) -> std::optional<fakes::fault> {
            if (operation != "RunTask" || lost[token_in(body)]++ >= answers_lost) return std::nullopt;
            return each.what;
        });
    auto const runs = world.queue_runs(runs_of_each, 5);

    process agent{world};
    std::map<std::string, launches> by_token;
    agent.line().before = [&](http::request const& request) {
        if (!is_run_task(request)) return;
        auto& known = by_token[token_in(request.body)];
        known.sent.insert(lasting_part(request));
        ++known.count;
    };
    agent.live(std::chrono::minutes{10});

    CHECK(world.aws.ecs.tasks_created() == runs_of_each);
    std::set<std::string> with_task;
    for (auto const& task : world.aws.ecs.tasks()) with_task.insert(stage::run_of(task));
    CHECK(with_task == std::set<std::string>(runs.begin(), runs.end()));
    for (auto const& id : runs) {
        INFO(id);
        REQUIRE(world.prefect.state(id) == "Success");
        for (auto const& entry : world.prefect.history(id)) REQUIRE(entry.type != "Failed");
    }
    CHECK(by_token.size() == runs_of_each);
    for (auto const& [token, known] : by_token) {
        INFO(token);
        REQUIRE(known.count == answers_lost + 1);
        REQUIRE(known.sent.size() == 1);
    }
}
