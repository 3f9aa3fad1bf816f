#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// An agent that looks after many tasks for an hour holds no more memory at its end than after ten minutes, and no more
// files. Nothing but the agent may grow meanwhile: from the tenth minute on its requests are answered from a record, not by
// the fakes, which write down what they see. The sockets of libcurl are not in here.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::inhabitant;
namespace fakes = fargate::testing;

namespace {

// Without optimization most of the time goes into reading JSON, and the whole number would take minutes. What would grow
// would grow with fewer as well.
#ifdef __OPTIMIZE__
constexpr std::size_t tasks = 5'000;
#else
constexpr std::size_t tasks = 200;
#endif

constexpr std::size_t most_growth = 64 * 1024;

/// Bytes that are allocated now; 0 where that cannot be told: under a sanitizer, with another C library.
std::size_t allocated() {
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
    auto const now = mallinfo2();
    return now.uordblks + now.hblkhd;
#endif
#endif
    return 0;
}

std::size_t open_files() {
    std::filesystem::directory_iterator const all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// ECS whose tasks all run, and a record of what everybody else has answered.
class record {
public:
    result<http::response> operator()(http::request const& request, fake_world& world) {
        ++requests;
        auto const target = request.headers.value_of("X-Amz-Target");
        if (target.ends_with(".DescribeTasks")) return running(request.body);
        // A question of Prefect's is the same at another time.
        auto key = std::string{target} + request.body.substr(0, request.body.rfind("\"variables\""));
        if (replays)
            if (auto const found = answers_.find(key); found != answers_.end()) return found->second;
        auto answer = world.send(request);
        if (answer) answers_.insert_or_assign(std::move(key), *answer);
        return answer;
    }

    bool replays = false;
    std::size_t requests = 0;

private:
    static http::response running(std::string const& asked) {
        auto const body = *json::parse(asked);
        http::response made;
        made.status = 200;
        made.headers.add("Content-Type", "application/x-amz-json-1.1");
        made.body = R"({"failures": [], "tasks": [)";
        for (auto const& each : *json::array_of(body, "tasks")) {
            if (made.body.back() == '}') made.body += ", ";
            made.body += R"({"taskArn": ")" + std::string{*json::as_text(each)} +
                         R"(", "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "startedAt": 1704164700.5, )"
                         R"("containers": [{"name": "flow", "lastStatus": "RUNNING"}]})";
        }
        made.body += "]}";
        return made;
    }

    std::map<std::string, http::response> answers_;
};

struct figures {
    std::size_t bytes = 0;
    std::size_t files = 0;
    std::size_t requests = 0;
    std::size_t watched = 0;
};

std::vector<std::string> queue(fake_world& world, std::size_t count) {
    auto const answer = testing_support::load("prefect1/flow_run_docker_local_environment.json");
    std::vector<std::string> made;
    for (std::size_t i = 0; i != count; ++i) {
        auto row = answer["data"]["flow_run"][0];
        row["labels"] = {"aws"};
        row["id"] = "11111111-1111-4111-8111-" + std::to_string(100'000'000'000 + i);
        world.prefect.add_flow_run(row);
        made.push_back(testing_support::text(row, "id"));
    }
    return made;
}

} // namespace

TEST_CASE("an hour with many tasks leaves neither memory nor files behind") {
    fake_world world;
    world.aws.ecs.every_task(fakes::runs_for_ever());
    auto const runs = queue(world, tasks);

    testing_support::wire line;
    record told;
    line.through = [&told](http::request const& request, fake_world& where) { return told(request, where); };
    auto options = testing_support::usual(-1);
    options.watch = options.reconcile = options.heartbeat = options.idempotent = std::nullopt;
    inhabitant lives{world, options, &line};

    auto const began = world.clock.now();
    std::optional<figures> early;
    std::optional<figures> late;
    bool running = false;
    auto const read = [&] {
        lives.parts.log.clear();
        return figures{allocated(), open_files(), told.requests, lives.agent.health().watched};
    };
    world.clock.during_sleep([&](duration) {
        auto const passed = world.clock.now() - began;
        lives.parts.log.clear();
        if (!running && passed >= 5min) {
            running = true;
            for (auto const& each : runs) (void)world.prefect.set_state(each, fakes::prefect_state("Running", ""));
        }
        if (!told.replays && passed >= 9min) told.replays = true;
        if (!early && passed >= 10min) early = read();
        if (!late && passed >= 60min) {
            late = read();
            lives.agent.stop();
        }
    });
    REQUIRE(lives.agent.start());

    REQUIRE(early);
    REQUIRE(late);
    INFO("from " << early->bytes << " to " << late->bytes << " bytes, " << late->requests << " requests");
    CHECK(world.aws.ecs.tasks_created() == tasks);
    CHECK(early->watched == tasks);
    CHECK(late->watched == tasks);
    CHECK(late->requests - early->requests > 300 * tasks / 100); // each task was looked at every ten seconds
    CHECK(late->bytes <= early->bytes + most_growth);
    CHECK(late->files == early->files);
}
