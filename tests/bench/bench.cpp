// The programs that tests/bench/measure.py runs. Each line that it prints is one JSON value.
//
// usage: bench list                   the cases, by group
//        bench rounds GROUP ROUNDS    nanoseconds of CPU that each case of a group takes, the cases by turns
//        bench steps GROUP            user-mode instructions that each case takes, counted one by one
//        bench repeat CASE TIMES      does it so often, for somebody who watches from outside
//        bench latency RUNS           how long so many runs wait for RunTask when AWS is 300 ms away
//        bench world                  Prefect and ECS on a free port of the loopback interface: see world.hpp
//        bench serve                  ECS's answer to RunTask on a free port of the loopback interface

#include "calls.hpp"
#include "latency.hpp"
#include "launches.hpp"
#include "signing.hpp"
#include "steps.hpp"
#include "world.hpp"

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

namespace {

struct one_case {
    std::string name;
    std::function<void()> work;
};

struct group {
    std::string_view name;
    int times; ///< of each case, in each round
    std::vector<std::string_view> cases;
    std::function<std::vector<one_case>()> make;
};

std::vector<group> groups(char const* program) {
    return {
        {"signature",
         4000,
         {"ours", "straight_line", "straight_line_evp"},
         [] {
             auto const all = std::make_shared<bench::signing>();
             return std::vector<one_case>{{"ours", [all] { (void)all->make(); }},
                                          {"straight_line", [all] { (void)all->by_hand(); }},
                                          {"straight_line_evp", [all] { (void)all->by_evp(); }}};
         }},
        {"call",
         300,
         {"ours", "bare_libcurl", "straight_line"},
         [program] {
             auto const to = std::make_shared<bench::server>(program);
             auto const ours = std::make_shared<bench::our_call>(*to);
             auto const bare = std::make_shared<bench::bare_call>(*to);
             auto const hand = std::make_shared<bench::hand_call>(*to);
             return std::vector<one_case>{{"ours", [to, ours] { ours->make(); }},
                                          {"bare_libcurl", [to, bare] { bare->make(); }},
                                          {"straight_line", [to, hand] { hand->make(); }}};
         }},
        {"launch",
         1,
         {"ours"},
         [] {
             return std::vector<one_case>{{"ours", [] { bench::launch(250); }}};
         }},
    };
}

double cpu_nanoseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// All cases in turn, so that a machine that changes its speed changes all of them.
void rounds(group const& from, int count) {
    auto const cases = from.make();
    for (auto const& each : cases)
        for (int i = 0; i <= from.times / 4; ++i) each.work();
    for (int round = 0; round != count; ++round) {
        std::string line = "{";
        for (auto const& each : cases) {
            double const began = cpu_nanoseconds();
            for (int i = 0; i != from.times; ++i) each.work();
            double const used = (cpu_nanoseconds() - began) / from.times;
            line += (line.size() > 1 ? ", \"" : "\"") + each.name + "\": " + std::to_string(used);
        }
        std::printf("%s}\n", line.c_str());
        std::fflush(stdout);
    }
}

void steps(group const& from) {
    std::string line = "{";
    for (auto const& each : from.make())
        line += (line.size() > 1 ? ", \"" : "\"") + each.name + "\": " + std::to_string(bench::steps_of(each.work));
    std::printf("%s}\n", line.c_str());
}

int usage() {
    std::fputs(
        "usage: bench list | rounds GROUP ROUNDS | steps GROUP | repeat GROUP.CASE TIMES | latency RUNS | world | "
        "serve\n",
        stderr);
    return 2;
}

} // namespace

int main(int count, char* words[]) {
    std::string_view const command = count > 1 ? words[1] : "";
    if (command == "serve") return bench::serve();
    if (command == "world") return bench::world();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    auto const all = groups(words[0]);
    if (command == "list") {
        for (auto const& each : all)
            for (auto const& name : each.cases)
                std::printf("\"%s.%s\"\n", std::string{each.name}.c_str(), std::string{name}.c_str());
        return 0;
    }
    if (count < 3) return usage();
    if (command == "latency")
        return std::puts(bench::latency(static_cast<std::size_t>(std::atoi(words[2]))).c_str()) < 0;
    std::string const asked = words[2];
    for (auto const& each : all) {
        if (command == "steps" && asked == each.name) return steps(each), 0;
        if (count == 4 && command == "rounds" && asked == each.name) return rounds(each, std::atoi(words[3])), 0;
        if (count != 4 || command != "repeat" || !asked.starts_with(std::string{each.name} + ".")) continue;
        for (auto const& one : each.make())
            if (asked == std::string{each.name} + "." + one.name)
                for (int i = std::atoi(words[3]); i > 0; --i) one.work();
        return 0;
    }
    return usage();
}
