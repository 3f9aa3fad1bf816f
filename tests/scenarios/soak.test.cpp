#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"
#include "support/sanitizers.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// An agent that looks after many tasks holds no more memory after an hour of that than before it, and no more files. What
// is held is counted at operator new, which is exact; the fakes write down what they see, and theirs is not counted. The
// sockets and the memory of libcurl are not in here.
//
// The pages that the process uses are compared without AddressSanitizer, which keeps what is given back: as much as
// 256 MB of it, and that fills during the hour.
//
// FARGATE_SOAK_TASKS says how many tasks: 5000 is what is promised, which takes minutes without optimization.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::inhabitant;
namespace fakes = fargate::testing;

namespace {

constexpr std::size_t most_growth = 4 * 1024;   ///< of what the agent holds, in the hour
constexpr std::size_t most_pages = 1024 * 1024; ///< of the process's resident memory, likewise
constexpr std::size_t most_a_task = 1024;       ///< that the agent holds for a task it follows

enum class owner : unsigned char { agent, others };

/// Whose what is allocated now is.
thread_local owner whose = owner::others;
std::atomic<std::size_t> held{0}; ///< bytes that were allocated as the agent's and are not given back

/// For a while, what is allocated is somebody's.
class on_behalf_of {
public:
    explicit on_behalf_of(owner who) : before_{std::exchange(whose, who)} {}
    on_behalf_of(on_behalf_of const&) = delete;
    on_behalf_of& operator=(on_behalf_of const&) = delete;
    ~on_behalf_of() { whose = before_; }

private:
    owner before_;
};

struct alignas(std::max_align_t) label {
    std::size_t size;
    owner of;
};

} // namespace

void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    auto* const made = static_cast<label*>(std::malloc(sizeof(label) + size));
    if (made == nullptr) return nullptr;
    *made = {size, whose};
    if (whose == owner::agent) held += size;
    return made + 1;
}

void* operator new(std::size_t size) {
    if (auto* const made = operator new(size, std::nothrow)) return made;
    throw std::bad_alloc{};
}

void operator delete(void* old) noexcept {
    if (old == nullptr) return;
    auto* const made = static_cast<label*>(old) - 1;
    if (made->of == owner::agent) held -= made->size;
    std::free(made);
}

void operator delete(void* old, std::size_t) noexcept { operator delete(old); }

namespace {

std::size_t tasks() {
    char const* const told = std::getenv("FARGATE_SOAK_TASKS");
    return told != nullptr ? std::strtoul(told, nullptr, 10) : 200;
}

/// The process's memory that is in use, in bytes; 0 where that is not told.
std::size_t resident() {
    std::ifstream file{"/proc/self/statm"};
    std::size_t whole = 0;
    std::size_t pages = 0;
    file >> whole >> pages;
    return pages * 4096;
}

std::size_t open_files() {
    std::error_code none;
    std::filesystem::directory_iterator const all{"/proc/self/fd", none};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// ECS whose tasks all run, and a record of what everybody else has answered.
class record {
public:
    result<http::response> operator()(http::request const& request, fake_world& world) {
        on_behalf_of const fakes{owner::others};
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
    std::size_t held = 0;
    std::size_t resident = 0;
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
    auto const count = tasks();
    fake_world world;
    world.aws.ecs.every_task(fakes::runs_for_ever());
    auto const runs = queue(world, count);

    testing_support::wire line;
    record told;
    line.through = [&told](http::request const& request, fake_world& where) { return told(request, where); };
    auto options = testing_support::usual(-1);
    options.watch = options.reconcile = options.heartbeat = options.idempotent = std::nullopt;
    inhabitant lives{world, options, &line};

    // What is launched is not yet steady: launches, then half an hour to warm up, then the hour that counts.
    enum class phase : unsigned char { launching, warming, soaking, over } at = phase::launching;
    auto since = world.clock.now();
    figures empty;
    figures early;
    figures late;
    auto const read = [&] {
        return figures{held.load(), resident(), open_files(), told.requests, lives.agent.health().watched};
    };
    world.clock.during_sleep([&](duration) {
        on_behalf_of const test{owner::others};
        auto const now = world.clock.now();
        lives.parts.log.clear();
        world.clock.forget_sleeps();
        if (at == phase::launching && world.aws.ecs.tasks_created() == count && now - since > 1min) {
            for (auto const& each : runs) (void)world.prefect.set_state(each, fakes::prefect_state("Running", ""));
            at = phase::warming;
            since = now;
        }
        if (at == phase::warming && now - since >= 10min) told.replays = true;
        if (at == phase::warming && now - since >= 30min) {
            early = read();
            at = phase::soaking;
        }
        if (at == phase::soaking && now - since >= 90min) {
            late = read();
            at = phase::over;
            lives.agent.stop();
        }
    });
    {
        on_behalf_of const agent{owner::agent};
        REQUIRE(lives.agent.open());
        empty = read();
        REQUIRE(lives.agent.run());
    }

    REQUIRE(at == phase::over);
    auto const each = (early.held - empty.held) / count;
    std::string const measured = std::to_string(count) + " tasks: held " + std::to_string(empty.held) + ", " +
                                 std::to_string(early.held) + ", " + std::to_string(late.held) + " bytes (" +
                                 std::to_string(each) + " a task), resident " + std::to_string(early.resident) + ", " +
                                 std::to_string(late.resident) + ", files " + std::to_string(early.files) + ", " +
                                 std::to_string(late.files) + ", requests " + std::to_string(early.requests) + ", " +
                                 std::to_string(late.requests);
    INFO(measured);
    if (std::getenv("FARGATE_SOAK_TASKS") != nullptr) WARN(measured);
    CHECK(world.aws.ecs.tasks_created() == count);
    CHECK(early.watched == count);
    CHECK(late.watched == count);
    CHECK(late.requests - early.requests > 350 * count / 100); // each task was looked at every ten seconds
    CHECK(each < most_a_task);
    CHECK(late.held <= early.held + most_growth);
    if (!testing_support::under_asan) CHECK(late.resident <= early.resident + most_pages);
    CHECK(late.files == early.files);
}
