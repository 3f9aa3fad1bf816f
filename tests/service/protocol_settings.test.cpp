#include <fargate/service/protocol_settings.hpp>

#include "support/catch.hpp"

#include <fargate/service/configuration.hpp>
#include <fargate/testing/map_environment.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::protocol;
using testing::map_environment;
using words = std::vector<std::string>;

namespace {

struct world {
    agent_options options{};
    map_environment environment{};

    [[nodiscard]] protocol made() const {
        auto const got = service::protocol_of(options, environment);
        INFO((got ? "" : got.error().message));
        REQUIRE(got);
        return *got;
    }

    [[nodiscard]] duration wedged_after() const {
        auto const got = service::process_settings_of(options, environment);
        INFO((got ? "" : got.error().message));
        REQUIRE(got);
        return got->wedged_after;
    }

    /// Why it is refused: one line.
    [[nodiscard]] std::string refused() const {
        auto const got = service::protocol_of(options, environment);
        auto const process = service::process_settings_of(options, environment);
        REQUIRE((!got || !process));
        auto const& why = got ? process.error() : got.error();
        CHECK(why.code == errc::bad_configuration);
        CHECK(why.message.find('\n') == std::string::npos);
        return why.message;
    }
};

world with(std::string const& name, std::string const& value) {
    world made;
    made.environment.set(name, value);
    return made;
}

bool contains(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct span {
    char const* name;
    std::optional<duration> agent_options::*given;
    duration protocol::*kept;
    duration usual;
    bool may_be_zero;
};

constexpr span spans[] = {
    {"poll_interval_max", &agent_options::poll_interval_max, &protocol::poll_interval_max, 10s, false},
    {"launch_timeout", &agent_options::launch_timeout, &protocol::launch_timeout, 0s, true},
    {"launch_deadline", &agent_options::launch_deadline, &protocol::launch_deadline, 30min, true},
    {"max_run_duration", &agent_options::max_run_duration, &protocol::max_run_duration, 0s, true},
    {"capacity_fallback", &agent_options::capacity_fallback, &protocol::capacity_fallback, 1min, true},
    {"reconcile_interval", &agent_options::reconcile_interval, &protocol::reconcile_interval, 90s, false},
};

struct toggle {
    char const* name;
    std::optional<bool> agent_options::*given;
    bool protocol::*kept;
};

constexpr toggle toggles[] = {
    {"watch", &agent_options::watch, &protocol::watch},
    {"reconcile", &agent_options::reconcile, &protocol::reconcile},
    {"batch_claims", &agent_options::batch_claims, &protocol::batch_claims},
    {"heartbeat", &agent_options::heartbeat, &protocol::heartbeat},
    {"idempotent", &agent_options::idempotent, &protocol::idempotent},
};

} // namespace

TEST_CASE("nobody says anything: all is on, and the figures are the protocol's own") {
    auto const made = world{}.made();
    CHECK(made.idempotent);
    CHECK(made.watch);
    CHECK(made.reconcile);
    CHECK(made.heartbeat);
    CHECK(made.batch_claims);
    CHECK(made.launch_rate == 20);
    CHECK(made.launch_burst == 100);
    CHECK(made.max_in_flight == 0);
    CHECK(made.launch_attempts == 3);
    CHECK(made.capacity_plan.empty());
    CHECK(world{}.wedged_after() == 600s);
}

TEST_CASE("a span is the option, else the variable in seconds, else its default") {
    for (auto const& each : spans) {
        INFO(each.name);
        CHECK(world{}.made().*each.kept == each.usual);
        auto said = with(each.name, " 12.5 ");
        CHECK(said.made().*each.kept == 12'500ms);
        said.options.*each.given = 7s;
        CHECK(said.made().*each.kept == 7s);
        CHECK(with(each.name, " ").made().*each.kept == each.usual);
        said.environment.set(each.name, "nonsense");
        CHECK(said.made().*each.kept == 7s); // nobody looks at it
    }
}

TEST_CASE("a span that is none is refused with its name and what to write, whoever said it") {
    for (auto const& each : spans) {
        INFO(each.name);
        for (auto const* const word : {"-1", "nan", "inf", "1e3", "ten", "315360001", "99999999999999999999"}) {
            INFO(word);
            auto const why = with(each.name, word).refused();
            CHECK(contains(why, "the environment variable " + std::string{each.name} + " must be seconds"));
            CHECK(contains(why, "not \"" + std::string{word} + "\""));
        }
        for (auto const given : {duration{-1}, service::longest_span + 1us, duration::min(), duration::max()}) {
            world said;
            said.options.*each.given = given;
            CHECK(contains(said.refused(), std::string{each.name} + " must be seconds"));
        }
        world zero;
        zero.options.*each.given = 0s;
        if (each.may_be_zero)
            CHECK(zero.made().*each.kept == 0s);
        else
            CHECK(contains(zero.refused(), "more than 0"));
    }
}

TEST_CASE("a switch is the option, else the variable, else the variable that denies it, else on") {
    for (auto const& each : toggles) {
        INFO(each.name);
        world said;
        said.environment.set("no_" + std::string{each.name}, "true");
        CHECK_FALSE(said.made().*each.kept);
        said.environment.set("no_" + std::string{each.name}, "0");
        CHECK(said.made().*each.kept);
        said.environment.set("no_" + std::string{each.name}, "true");
        said.environment.set(each.name, "yes");
        CHECK(said.made().*each.kept);
        said.environment.set(each.name, "False");
        CHECK_FALSE(said.made().*each.kept);
        said.options.*each.given = true;
        CHECK(said.made().*each.kept);
        CHECK(contains(with(each.name, "perhaps").refused(), std::string{each.name} + " must be true or false"));
        CHECK(contains(with("no_" + std::string{each.name}, "perhaps").refused(), "no_" + std::string{each.name}));
    }
}

TEST_CASE("rates and counts are numbers, and 0 is no limit") {
    CHECK(with("launch_rate", "0.5").made().launch_rate == 0.5);
    CHECK(with("launch_rate", "0").made().launch_rate == 0);
    CHECK(with("max_in_flight", "25").made().max_in_flight == 25);
    CHECK(with("launch_attempts", "1").made().launch_attempts == 1);
    world said;
    said.options.launch_rate = 3;
    said.options.max_in_flight = 4;
    said.options.launch_attempts = 5;
    for (auto const* const name : {"launch_rate", "max_in_flight", "launch_attempts"}) said.environment.set(name, "9");
    CHECK(said.made().launch_rate == 3);
    CHECK(said.made().max_in_flight == 4);
    CHECK(said.made().launch_attempts == 5);

    for (auto const* const name : {"launch_rate", "max_in_flight", "launch_attempts"})
        for (auto const* const word : {"-1", "nan", "many", "99999999999999999999"}) {
            auto const why = with(name, word).refused();
            CHECK(contains(why, "the environment variable " + std::string{name} + " must be "));
            CHECK(contains(why, word));
        }
    CHECK(contains(with("launch_attempts", "0").refused(), "from 1"));
    CHECK(contains(with("max_in_flight", "2.5").refused(), "whole number"));
    for (auto const rate : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        world wrong;
        wrong.options.launch_rate = rate;
        CHECK(contains(wrong.refused(), "launch_rate must be"));
    }
}

TEST_CASE("a capacity plan is names with commas between") {
    CHECK(with("capacity_plan", "FARGATE_SPOT, FARGATE").made().capacity_plan == words{"FARGATE_SPOT", "FARGATE"});
    auto said = with("capacity_plan", "EC2");
    said.options.capacity_plan = "FARGATE";
    CHECK(said.made().capacity_plan == words{"FARGATE"});
    CHECK(contains(with("capacity_plan", "FARGATE,").refused(), "capacity_plan must be names"));
}

TEST_CASE("a fleet is the one that was named, else that of the API, the tenant and the labels") {
    auto said = with("fleet_id", " team/one ");
    CHECK(said.made().fleet == "team/one");
    said.options.fleet_id = "two";
    CHECK(said.made().fleet == "two");
    for (std::string const& bad : {std::string{"a b"}, std::string{"a.b"}, std::string(129, 'a')})
        CHECK(contains(with("fleet_id", bad).refused(), "fleet_id must be at most 128 letters"));

    world one;
    one.options.labels = {"b", "a"};
    one.options.api = "http://api:4200";
    auto const own = one.made().fleet;
    CHECK(own.starts_with("fargate-"));
    world two = one;
    two.options.labels = {"a", "b"};
    two.options.name = "another name";
    CHECK(two.made().fleet == own);
    two.options.labels = {"a"};
    CHECK(two.made().fleet != own);
    two = one;
    two.options.api_key = "key";
    two.options.tenant_id = "tenant";
    CHECK(two.made().fleet != own);
}

TEST_CASE("with all of it off no fleet is made up, as the original agent had none") {
    world off;
    off.options.idempotent = off.options.watch = off.options.reconcile = false;
    CHECK(off.made().fleet.empty());
    off.options.fleet_id = "named";
    CHECK(off.made().fleet == "named");
    off.options.fleet_id.clear();
    off.options.watch = true;
    CHECK_FALSE(off.made().fleet.empty());
}

TEST_CASE("what cannot be kept without another switch is not promised") {
    auto endless = with("no_watch", "true");
    endless.options.max_run_duration = 1h;
    CHECK(contains(endless.refused(), "max_run_duration needs watch"));

    // Launching again what was left behind is safe by the token alone.
    world blind;
    blind.options.idempotent = false;
    CHECK_FALSE(blind.made().reconcile);
    blind.options.reconcile = true;
    CHECK(contains(blind.refused(), "reconcile needs idempotent"));
    CHECK_FALSE(with("no_idempotent", "true").made().reconcile);
}

TEST_CASE("an agent that rightly waits is never taken for one that stands still") {
    CHECK(with("wedged_after", "0").wedged_after() == 0s);
    CHECK(with("wedged_after", "30.5").wedged_after() == 30'500ms);
    world slow;
    slow.options.poll_interval_max = 1h;
    CHECK(slow.wedged_after() == 3h);
    slow.options.wedged_after = 2h;
    CHECK(slow.wedged_after() == 2h);
    slow.options.wedged_after = 2h - 1s;
    CHECK(contains(slow.refused(), "wedged_after must be at least twice poll_interval_max"));
    CHECK(contains(with("wedged_after", "-1").refused(), "the environment variable wedged_after must be seconds"));
    CHECK(contains(with("wedged_after", "never").refused(), "or 0 for none"));
}
