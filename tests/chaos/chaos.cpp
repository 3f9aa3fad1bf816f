// Real agents over loopback HTTP under random faults: killed with SIGKILL, frozen, stopped and started again while every
// service stalls, breaks and lies. Then the weather heals, and every flow run must have been executed exactly once for each
// time it was scheduled, or say why not.
//
// usage: fargate_chaos --program PATH [--rounds N] [--seed S] [--surprises N] [--runs N] [--agents N] [--calm]
//                      [--patience SECONDS] [--tell N] [--keep FOLDER] [--forgetful] [--expect BREACH] [-- ARGUMENT...]
//
// Rounds are made of their seeds S, S + 1, ... (without S of random ones), then of so many random ones; a round begins with
// its seed's number. What the machine's scheduler adds is not the seed's, so one that fails may have to be tried a few
// times. What the agents of a failed round said stays in FOLDER. Arguments after -- go to the agents in place of the usual
// ones. That the chaos finds what there is to find is seen where it has to: with --expect lost or doubled a round is good
// when it finds that, for agents that promise nothing or for an AWS that forgets its tokens (--forgetful).

#include "chaos/pack.hpp"
#include "chaos/world.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace chaos {
namespace {

using namespace std::chrono_literals;

struct demand {
    std::string program{};
    std::uint64_t rounds = 1;
    std::optional<std::uint64_t> seed{};
    std::uint64_t surprises = 0;
    std::size_t runs = 200;
    std::size_t agents = 0; ///< 0: the seed decides
    std::size_t told = 10;  ///< of how many runs all is told
    bool calm = false;      ///< no storm at all
    bool forgetful = false; ///< AWS knows no tokens
    std::string expected{}; ///< the breach that has to be found; empty: none may be
    std::chrono::seconds patience{120};
    std::string folder = "chaos-logs";
    std::vector<std::string> arguments{"--poll-interval-max", "1", "--launch-timeout",     "1",
                                       "--launch-rate",       "0", "--reconcile-interval", "2"};
};

/// For people: all that is known of a run.
void tell(seen_run const& run) {
    std::printf("    run %s (%s)\n", run.id.c_str(), std::string{name_of(run.what)}.c_str());
    auto const since = [&](fargate::time_point when) {
        return static_cast<double>((when - run.states.front().at).count()) / 1e6;
    };
    for (auto const& each : run.states)
        std::printf("      %8.3f s  %s%s: %s\n", since(each.at), each.type.c_str(), each.by_agent ? " (agent)" : "",
                    each.message.substr(0, 300).c_str());
    for (auto const& each : run.tasks)
        std::printf("      %8.3f s  task %s: %s%s\n", since(each.created), each.arn.c_str(), each.note.c_str(),
                    each.started ? ", its code ran" : "");
    for (auto const& each : run.lines) std::printf("      log: %s\n", each.substr(0, 300).c_str());
}

/// One round; true when nothing was lost or doubled, or otherwise against the promise.
bool run_round(demand const& wanted, std::uint64_t seed) {
    setting how{seed, wanted.runs};
    if (wanted.agents != 0) how.agents = wanted.agents;
    if (wanted.calm) how.storm = {};
    how.forgetful = wanted.forgetful;
    std::string features;
    for (auto const& [on, name] :
         {std::pair{how.same_name && how.agents != 1, "of one name"}, std::pair{how.version_locking, "version locking"},
          std::pair{how.buckets, "AWS's rates"}, std::pair{how.lazarus, "Lazarus"},
          std::pair{how.capacity_plan, "a capacity plan"}, std::pair{how.max_in_flight, "40 in flight"},
          std::pair{how.widowed && how.agents != 1, "one comes back"}})
        if (on) features += std::string{", "} + name;
    std::printf("round of seed %llu: %zu runs, %zu agent(s), AWS's clock %+lld s, Prefect's %+lld s, lock %lld ms%s\n",
                static_cast<unsigned long long>(seed), wanted.runs, how.agents,
                static_cast<long long>(how.aws_skew.count() / 1000),
                static_cast<long long>(how.prefect_skew.count() / 1000),
                static_cast<long long>(how.submitted_lock.count()), features.c_str());
    std::fflush(stdout);
    auto const folder = wanted.folder + "/seed-" + std::to_string(seed);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);

    world here{how};
    dice throws{mix(seed, 3)};
    std::vector<std::unique_ptr<agent_process>> agents;
    std::vector<hunted> pack;
    for (std::size_t i = 0; i != how.agents; ++i) {
        auto const name = "agent-" + std::to_string(i);
        std::vector<std::string> command{wanted.program,
                                         "start",
                                         "--name",
                                         how.same_name ? "agent" : name,
                                         "--label",
                                         "chaos",
                                         "--log-level",
                                         "DEBUG",
                                         "botocore_config={'read_timeout': 2, 'connect_timeout': 2}"};
        command.insert(command.end(), wanted.arguments.begin(), wanted.arguments.end());
        if (how.capacity_plan)
            command.insert(command.end(), {"--capacity-plan", "FARGATE_SPOT,FARGATE", "--capacity-fallback", "1"});
        if (how.max_in_flight) command.insert(command.end(), {"--max-in-flight", "40"});
        agents.push_back(
            std::make_unique<agent_process>(std::move(command), here.environment(), folder + "/" + name + ".log"));
        pack.emplace_back(*agents.back(), mix(seed, 100 + i));
    }

    std::vector<std::string> wrong;
    std::size_t exits = 0;
    std::size_t restarts = 0;
    bool visited = false;
    auto const ended = [&](std::size_t who, int status, bool in_fine_weather) {
        ++exits;
        if (status == 2 || status == 127) {
            std::fprintf(stderr, "the agents cannot be started: see %s\n", folder.c_str());
            std::exit(2);
        }
        if (status < 1000 && !in_fine_weather) return; // somebody starts it again
        wrong.push_back("agent-" + std::to_string(who) + " ended by itself with " +
                        (status < 1000 ? std::to_string(status) : "signal " + std::to_string(status - 1000)));
    };

    auto const began = std::chrono::steady_clock::now();
    auto const healing = began + how.storm;
    auto next_raising = began + 4s;
    for (auto now = began; now < healing; now = std::chrono::steady_clock::now()) {
        auto const due = wanted.runs / 3 + static_cast<std::size_t>(static_cast<double>(wanted.runs) * 1.2 *
                                                                    (static_cast<double>((now - began).count()) /
                                                                     static_cast<double>((healing - began).count())));
        while (here.flows().waiting() != 0 && wanted.runs - here.flows().waiting() < due) here.flows().queue();
        for (std::size_t i = 0; i != pack.size(); ++i)
            if (auto const status = pack[i].step(now)) ended(i, *status, false);
        here.step();
        if (throws.chance(0.1)) restarts += here.flows().start_again(throws);
        if (!visited && throws.chance(0.01)) visited = here.visit();
        if (how.lazarus && now >= next_raising) {
            here.raise_silent_runs();
            next_raising = now + 1s;
        }
        std::this_thread::sleep_for(10ms);
    }
    while (here.flows().waiting() != 0) here.flows().queue();

    here.heal();
    for (auto& each : pack) each.spare();
    if (how.widowed)
        for (std::size_t i = 1; i != agents.size(); ++i) agents[i]->kill();
    auto const healed = std::chrono::steady_clock::now();
    auto const settle = [&](auto until, bool only_until_settled) {
        auto next_look = std::chrono::steady_clock::now();
        for (auto now = next_look; now < until; now = std::chrono::steady_clock::now()) {
            here.step();
            for (std::size_t i = 0; i != agents.size(); ++i)
                if (auto const status = agents[i]->ended()) {
                    ended(i, *status, true);
                    agents[i]->start();
                }
            if (only_until_settled && now >= next_look) {
                if (here.is_settled()) break;
                next_look = now + 250ms;
            }
            std::this_thread::sleep_for(20ms);
        }
    };
    settle(healed + wanted.patience, true);
    auto const settled = std::chrono::steady_clock::now();
    // What comes too late would double: a look at what is looked for in fine weather.
    settle(settled + 3s, false);

    for (auto& each : agents) each->signal(SIGTERM);
    auto const told = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i != agents.size(); ++i) {
        if (!agents[i]->runs()) continue;
        std::optional<int> status;
        while (!status && std::chrono::steady_clock::now() < told + 30s) {
            here.step();
            std::this_thread::sleep_for(10ms);
            status = agents[i]->ended();
        }
        if (status != 0)
            wrong.push_back("agent-" + std::to_string(i) + " was told to end and " +
                            (status ? "ended with " + std::to_string(*status) : "did not in 30 s"));
        agents[i]->kill();
    }
    settle(std::chrono::steady_clock::now() + 1s, false);

    std::map<std::string_view, std::size_t> breaches;
    std::size_t shown = 0;
    auto const all = here.look();
    std::size_t lasting = 0;
    for (auto const& each : all) {
        auto const found = judge(each);
        lasting += each.what == fate::dies && each.states.back().type == "Running";
        if (found.empty()) continue;
        for (auto const& one : found) ++breaches[name_of(one.what)];
        if (++shown > wanted.told) continue;
        for (auto const& one : found)
            std::printf("  %s: %s: %s\n", std::string{name_of(one.what)}.c_str(), each.id.c_str(), one.text.c_str());
        tell(each);
    }
    if (shown > wanted.told) std::printf("  ... and %zu runs more\n", shown - wanted.told);
    for (auto& each : here.mischief()) wrong.push_back(std::move(each));
    for (std::size_t i = 0; i < wrong.size() && i < 20; ++i) std::printf("  wrong: %s\n", wrong[i].c_str());

    std::size_t kills = 0;
    std::size_t lives = 0;
    for (auto const& each : pack) kills += each.kills();
    for (auto const& each : agents) lives += each->lives();
    std::size_t faults = 0;
    std::string kinds;
    for (auto const& [kind, count] : here.sky().counts()) {
        faults += count;
        kinds += (kinds.empty() ? "" : ", ") + kind + " " + std::to_string(count);
    }
    auto const seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
    std::printf("  %zu lives, %zu killed, %zu ended by themselves; %zu faults (%s)\n", lives, kills, exits, faults,
                kinds.c_str());
    std::printf("  %zu RunTask, %zu tasks; %zu started again by people, %zu by Lazarus; %zu deaths nobody saw\n",
                here.aws().ecs.log().count("RunTask"), here.aws().ecs.tasks_created(), restarts, here.raised(),
                lasting);
    bool const good = wanted.expected.empty() ? breaches.empty() && wrong.empty() : breaches.contains(wanted.expected);
    std::printf("  %zu lost, %zu doubled", breaches["lost"], breaches["doubled"]);
    for (auto const& [kind, count] : breaches)
        if (kind != "lost" && kind != "doubled") std::printf(", %zu %s", count, std::string{kind}.c_str());
    std::printf("; %zu otherwise wrong; storm %.1f s, settled %.1f s later\n", wrong.size(), seconds(healed - began),
                seconds(settled - healed));
    if (good)
        std::filesystem::remove_all(folder);
    else
        std::printf("  FAILED: seed %llu; what the agents said is in %s\n", static_cast<unsigned long long>(seed),
                    folder.c_str());
    std::fflush(stdout);
    return good;
}

} // namespace
} // namespace chaos

int main(int count, char** values) {
    chaos::demand wanted;
    bool good = true;
    for (int i = 1; i < count && good; ++i) {
        std::string_view const name = values[i];
        if (name == "--") {
            wanted.arguments.assign(values + i + 1, values + count);
            break;
        }
        if (name == "--calm" || name == "--forgetful") {
            (name == "--calm" ? wanted.calm : wanted.forgetful) = true;
            continue;
        }
        char const* const value = i + 1 < count ? values[++i] : "";
        auto const number = std::strtoull(value, nullptr, 10);
        if (name == "--program")
            wanted.program = value;
        else if (name == "--expect")
            wanted.expected = value;
        else if (name == "--keep")
            wanted.folder = value;
        else if (name == "--rounds")
            wanted.rounds = number;
        else if (name == "--seed")
            wanted.seed = number;
        else if (name == "--surprises")
            wanted.surprises = number;
        else if (name == "--runs")
            wanted.runs = number;
        else if (name == "--agents")
            wanted.agents = number;
        else if (name == "--tell")
            wanted.told = number;
        else if (name == "--patience")
            wanted.patience = std::chrono::seconds{number};
        else
            good = false;
        good = good && *value != '\0';
    }
    if (!good || wanted.program.empty()) {
        std::fprintf(stderr, "usage: fargate_chaos --program PATH [--rounds N] [--seed S] [--surprises N] "
                             "[--runs N] [--agents N] [--calm] [--patience SECONDS] [--tell N] [--keep FOLDER] "
                             "[--forgetful] [--expect BREACH] [-- ARGUMENT...]\n");
        return 2;
    }
    std::random_device random;
    std::uint64_t failed = 0;
    auto const rounds = wanted.rounds + wanted.surprises;
    for (std::uint64_t i = 0; i != rounds; ++i) {
        bool const given = wanted.seed && i < wanted.rounds;
        failed += !chaos::run_round(wanted, given ? *wanted.seed + i : random());
    }
    std::printf("%llu of %llu rounds failed\n", static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(rounds));
    return failed == 0 ? 0 : 1;
}
