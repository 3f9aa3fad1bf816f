#include <fargate/agent.hpp>

#include <fargate/credentials/profile.hpp>

#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// One whole cycle, from the first question to the run's end, is lived again and again; in the N-th life the N-th thing of a
// kind goes wrong, a request, a file, a look at the clock, until a life is over before it comes to N. Whatever went wrong,
// the run has one task that executed, and the end that this task had.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

/// What goes wrong beside requests, at its N-th time.
struct mischance {
    enum class kind : unsigned char { none, file, ahead, back, glitch, no_sleep } what = kind::none;
    std::size_t at = 0;
    std::size_t files = 0;  ///< that were read so far
    std::size_t looks = 0;  ///< at the clock
    std::size_t sleeps = 0; ///< begun
    duration off{};         ///< the clock from the world's

    [[nodiscard]] bool reached() const {
        return (what == kind::file ? files : what == kind::no_sleep ? sleeps : looks) > at;
    }
};

/// The policies of an agent that mischances come to. Its key is in a file, which is read again and again.
struct unlucky_environment : fakes::map_environment {
    using map_environment::map_environment;
    mischance* luck = nullptr;

    [[nodiscard]] result<std::string> read_file(std::string_view path) const {
        bool const now = luck->files++ == luck->at && luck->what == mischance::kind::file;
        if (now) return fail(errc::bad_configuration, std::string{path} + " cannot be read: Input/output error");
        return map_environment::read_file(path);
    }
};

struct unlucky_clock {
    fakes::manual_clock* clock = nullptr;
    mischance* luck = nullptr;

    [[nodiscard]] time_point now() const {
        using kind = mischance::kind;
        bool const now = luck->looks++ == luck->at;
        if (now && luck->what == kind::ahead) luck->off = jump;
        if (now && luck->what == kind::back) luck->off = -jump;
        return clock->now() + luck->off + (now && luck->what == kind::glitch ? jump : duration{});
    }
    bool sleep_for(duration time, std::stop_token stop) const {
        bool const now = luck->sleeps++ == luck->at && luck->what == mischance::kind::no_sleep;
        return now ? !stop.stop_requested() : clock->sleep_for(time, std::move(stop));
    }

    static constexpr duration jump = 1h;
};

struct unlucky_policies : testing_support::world_policies {
    using clock = unlucky_clock;
    using environment = unlucky_environment;
    using credentials = fargate::credentials::profile;
};

/// A process of such an agent, which lives by steps as others do, and is started again when it ends.
class unlucky {
public:
    unlucky(stage& world, mischance& luck, agent_options options) :
        world_{&world}, luck_{&luck}, options_{std::move(options)} {
        start();
    }

    void step() {
        if (!opened_) {
            opened_ = agent_->open().has_value();
            if (!opened_) { // whoever runs it starts it again
                log_ += parts_->log.text();
                start();
                (void)world_->clock.sleep_for(10s, {});
            }
        }
        if (opened_) (void)agent_->run();
        world_->play();
    }

    [[nodiscard]] fargate::agent<unlucky_policies>& agent() { return *agent_; }
    [[nodiscard]] std::string log() const { return log_ + parts_->log.text(); }
    [[nodiscard]] static bool killed() { return false; }

private:
    void start() {
        agent_.reset();
        auto const key = fakes::example_key();
        parts_.reset(
            new parts<unlucky_policies>{.http = testing_support::world_http{world_}, .clock = {&world_->clock, luck_}});
        parts_->environment.luck = luck_;
        parts_->environment.set("AWS_SHARED_CREDENTIALS_FILE", "/key");
        parts_->environment.set_file("/key", "[default]\naws_access_key_id = " + key.id +
                                                 "\naws_secret_access_key = " + key.secret_key + "\n");
        agent_ = std::make_unique<fargate::agent<unlucky_policies>>(options_, *parts_);
    }

    stage* world_;
    mischance* luck_;
    agent_options options_;
    std::unique_ptr<parts<unlucky_policies>> parts_;
    std::unique_ptr<fargate::agent<unlucky_policies>> agent_;
    std::string log_;
    bool opened_ = false;
};

using answer = result<http::response>;

answer page(int status, std::string body) {
    http::response made;
    made.status = status;
    made.headers.add("Content-Type", "text/html");
    made.body = std::move(body);
    return made;
}

/// How one request goes wrong.
struct mishap {
    std::string name;
    bool arrives; ///< the world does what is asked, all the same
    answer instead;
};

std::vector<mishap> mishaps() {
    return {
        {"there is no connection", false, fail(errc::connection_failed, "no connection", true)},
        {"the answer does not come", true, fail(errc::timed_out, "no answer in time", true)},
        {"500, and nothing was done", false, page(500, "<html>Internal Server Error</html>")},
        {"500, and it was done", true, page(500, "")},
        {"half an answer", true, page(200, R"({"data": {"tas)")},
        {"there is no handle to send with", false, fail(errc::internal, "libcurl: out of memory")},
    };
}

/// How the tasks of a run go, and what has to become of it.
struct story {
    std::string name;
    std::vector<fakes::task_life> tasks;
    std::string end;
};

std::vector<story> const& stories() {
    static std::vector<story> const all{
        {"the flow ends well", {fakes::exits_with(0)}, "Success"},
        {"the flow fails", {fakes::exits_with(3)}, "Failed"},
        {"the first task never starts", {fakes::never_starts(), fakes::exits_with(0)}, "Success"},
    };
    return all;
}

/// Polls that find nothing are a minute apart, so that a life is short to tell.
agent_options patient() {
    auto made = testing_support::careful();
    made.poll_interval_max = 1min;
    return made;
}

/// One life: a world, a run in it, and whoever serves it.
struct life {
    explicit life(story const& told) : about{told} {
        for (auto const& each : told.tasks) world.aws.ecs.next_task(each);
        world.aws.ecs.every_task(fakes::exits_with(0)); // one too many would be seen
        id = world.queue_runs(1)[0];
    }

    [[nodiscard]] bool is_over() const { return world.prefect.state(id) == about.end; }

    /// Lives on until the run is over and nothing is left to do for it.
    template <class Process>
    void live(Process& agent) {
        auto const no_longer = world.clock.now() + 30min;
        for (std::size_t steps = 0; steps != most_steps && world.clock.now() < no_longer && !agent.killed() &&
                                    (!is_over() || agent.agent().health().watched != 0);
             ++steps)
            agent.step();
    }

    /// What holds in every life, some minutes later.
    template <class Process>
    void check(Process& last) {
        for (auto const end = world.clock.now() + 2min; is_over() && world.clock.now() < end;) last.step();
        auto const log = log_of(last);
        auto const state =
            world.prefect.state(id) + ": " + testing_support::text(world.prefect.flow_run(id), "state_message");
        INFO(state << "\n" << log);
        REQUIRE(world.executions(id) == 1);
        REQUIRE(world.aws.ecs.tasks_created() == about.tasks.size());
        REQUIRE(is_over());
        REQUIRE(last.agent().health().watched == 0);
        REQUIRE(last.agent().health().held == 0);
    }

    static std::string log_of(process const& agent) { return agent.log().text(); }
    static std::string log_of(unlucky const& agent) { return agent.log(); }

    static constexpr std::size_t most_steps = 1'000; // each takes time, unless something is wrong
    story const& about;
    stage world;
    std::string id;
};

/// Lives with the `n`-th request spoiled; false when the life is over before it.
bool live_with(story const& told, mishap const& wrong, std::size_t n) {
    INFO(told.name << ", " << wrong.name << ", request " << n);
    life now{told};
    process agent{now.world, patient()};
    std::size_t sent = 0;
    agent.line().through = [&](http::request const& request, fake_world& world) -> answer {
        if (sent++ != n) return world.send(request);
        if (wrong.arrives) (void)world.send(request);
        return wrong.instead;
    };
    now.live(agent);
    bool const reached = sent > n;
    agent.line() = {};
    now.check(agent);
    return reached;
}

/// Lives with an agent that is killed at the `n`-th request, before or behind it, and with the one that takes its place.
bool live_killed(story const& told, bool arrives, std::size_t n) {
    INFO(told.name << ", killed " << (arrives ? "behind" : "before") << " request " << n);
    life now{told};
    process agent{now.world, patient()};
    std::size_t sent = 0;
    (arrives ? agent.line().behind : agent.line().before) = [&](http::request const&) {
        if (sent++ == n) agent.kill();
    };
    now.live(agent);
    if (!agent.killed()) {
        agent.line() = {};
        now.check(agent);
        return false;
    }
    process next{now.world, patient()};
    now.live(next);
    now.check(next);
    return true;
}

/// Lives with the `n`-th mischance of a kind.
bool live_unlucky(story const& told, mischance::kind what, std::size_t n) {
    INFO(told.name << ", mischance " << static_cast<int>(what) << ", number " << n);
    life now{told};
    mischance luck{.what = what, .at = n};
    unlucky agent{now.world, luck, patient()};
    now.live(agent);
    bool const reached = luck.reached();
    now.check(agent);
    return reached;
}

/// Lives with N = `from`, `from` + `step`, ... until a life is over before it comes to N.
template <class Live>
void walk(std::size_t from, std::size_t step, Live const& live) {
    auto n = from;
    while (live(n)) n += step;
    CHECK(n > 10);
}

// Without optimization a life takes long. There each N is walked in some ways only, and each way at some N only.
#ifdef __OPTIMIZE__
constexpr bool all_ways = true;
#else
constexpr bool all_ways = false;
#endif

/// One way of `ways` among which each N has one.
template <class Live>
void walk_way(std::size_t way, std::size_t ways, Live const& live) {
    walk(all_ways ? 0 : way % ways, all_ways ? 1 : ways, live);
}

} // namespace

TEST_CASE("whichever request of a whole cycle goes wrong, the run has one task and its end") {
    auto const all = mishaps();
    for (auto const& told : stories())
        for (std::size_t i = 0; i != all.size(); ++i) {
            auto const live = [&](std::size_t n) { return live_with(told, all[i], n); };
            if (i < 2) // which nobody can tell apart
                walk_way(i, &told == &stories()[0] ? 1 : 2, live);
            else
                walk_way(i, 2 * all.size(), live);
        }
}

TEST_CASE("an agent is killed at whichever request, and the one in its place finishes the run") {
    for (auto const& told : stories())
        for (bool const arrives : {false, true})
            walk_way(arrives ? 1 : 0, &told == &stories()[1] ? 1 : 2,
                     [&](std::size_t n) { return live_killed(told, arrives, n); });
}

TEST_CASE("whichever file cannot be read once, the run has one task and its end") {
    for (auto const& told : stories())
        walk(0, 1, [&](std::size_t n) { return live_unlucky(told, mischance::kind::file, n); });
}

TEST_CASE("whenever the clock jumps, and whichever wait is none, the run has one task and its end") {
    using kind = mischance::kind;
    auto const& told = stories()[0];
    for (auto const what : {kind::ahead, kind::back, kind::glitch})
        walk_way(static_cast<std::size_t>(what), 6, [&](std::size_t n) { return live_unlucky(told, what, n); });
    walk(0, 1, [&](std::size_t n) { return live_unlucky(told, kind::no_sleep, n); });
}
