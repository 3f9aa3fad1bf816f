#include <fargate/service/metrics.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::health;
using service::health_book;
using service::openmetrics;

namespace {

/// One sample: its name, labels as they are written, and value.
struct sample {
    std::string labels{};
    std::string value{};
};

struct family {
    std::string type{};
    std::string unit{};
    std::string help{};
    std::vector<std::pair<std::string, sample>> samples{}; ///< by their suffix
};

bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

/// A number without sign, exponent or anything a locale might add.
bool is_number(std::string_view text) {
    auto const point = text.find('.');
    auto const whole = text.substr(0, point);
    auto const digits = [](std::string_view part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return digits(whole) && (whole == "0" || whole[0] != '0') &&
           (point == std::string_view::npos || digits(text.substr(point + 1)));
}

/// Reads OpenMetrics text as its specification has it, as far as this program writes it: every line is one of a family's
/// TYPE, UNIT and HELP in this order or one of its samples, families do not mix and do not come twice, and the last line
/// is the end mark.
std::map<std::string, family> read(std::string text) {
    std::map<std::string, family> all;
    REQUIRE(text.ends_with("\n# EOF\n"));
    text.resize(text.size() - std::string_view{"# EOF\n"}.size());
    std::string now;
    std::string before;
    for (std::size_t at = 0; at != text.size();) {
        auto const end = text.find('\n', at);
        auto const line = text.substr(at, end - at);
        at = end + 1;
        INFO(line);
        REQUIRE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < '\x7F'; }));
        if (line.starts_with("# ")) {
            auto const name_end = line.find(' ', 7);
            REQUIRE(name_end != std::string::npos);
            auto const what = line.substr(2, 4);
            auto const name = line.substr(7, name_end - 7);
            auto const rest = line.substr(name_end + 1);
            REQUIRE(is_name(name));
            REQUIRE_FALSE(rest.empty());
            if (what == "TYPE") {
                REQUIRE(all.count(name) == 0);
                all[now = name].type = rest;
            } else {
                REQUIRE(name == now);
                REQUIRE(all[now].samples.empty());
                if (what == "UNIT") {
                    REQUIRE(before == "TYPE");
                    REQUIRE(name.ends_with("_" + rest));
                    all[now].unit = rest;
                } else {
                    REQUIRE(what == "HELP");
                    all[now].help = rest;
                }
            }
            before = what;
            continue;
        }
        before = "sample";
        REQUIRE_FALSE(now.empty());
        auto const blank = line.rfind(' ');
        auto const brace = line.find('{');
        auto const name = line.substr(0, std::min(brace, blank));
        REQUIRE(name.starts_with(now));
        sample made;
        if (brace != std::string::npos) {
            REQUIRE(line[blank - 1] == '}');
            made.labels = line.substr(brace + 1, blank - brace - 2);
        }
        made.value = line.substr(blank + 1);
        REQUIRE(is_number(made.value));
        all[now].samples.emplace_back(name.substr(now.size()), made);
    }
    return all;
}

void check_histogram(family const& made) {
    CHECK(made.unit == "seconds");
    std::uint64_t so_far = 0;
    double bound = -1;
    std::string count;
    bool closed = false;
    for (auto const& [suffix, each] : made.samples) {
        if (suffix == "_bucket") {
            REQUIRE_FALSE(closed);
            REQUIRE(each.labels.starts_with("le=\""));
            REQUIRE(each.labels.ends_with("\""));
            auto const text = each.labels.substr(4, each.labels.size() - 5);
            closed = text == "+Inf";
            // A bound is written as a number with a fraction, so that 1.0 is never also 1.
            if (!closed) {
                CHECK(is_number(text));
                CHECK(text.find('.') != std::string::npos);
                double value = 0;
                std::from_chars(text.data(), text.data() + text.size(), value);
                CHECK(value > bound);
                bound = value;
            }
            CHECK(std::stoull(each.value) >= so_far);
            so_far = std::stoull(each.value);
        } else if (suffix == "_count") {
            count = each.value;
        } else {
            CHECK(suffix == "_sum");
        }
    }
    CHECK(closed);
    CHECK(count == std::to_string(so_far));
    CHECK(made.samples.size() == service::histogram::bounds.size() + 3);
}

health busy() {
    health_book book;
    time_point const then{std::chrono::seconds{1'700'000'000} + 250ms};
    book.started(then);
    book.polled(then, 40ms);
    book.polled(then, 3s);
    (void)book.poll_failed(fail(errc::timed_out, "\"hidden\"\n# EOF"), 30s);
    book.launched(90s);
    book.launched(2000s);
    for (int i = 0; i != 4; ++i) book.attempted(1s);
    for (int i = 0; i != 5; ++i) book.adopted();
    for (int i = 0; i != 6; ++i) book.relaunched();
    for (int i = 0; i != 7; ++i) book.throttled();
    for (int i = 0; i != 8; ++i) book.failed();
    for (int i = 0; i != 9; ++i) book.left();
    for (int i = 0; i != 10; ++i) book.stopped_task();
    for (int i = 0; i != 11; ++i) book.swept();
    for (int i = 0; i != 12; ++i) book.beat();
    for (int i = 0; i != 13; ++i) book.held();
    book.watching(14);
    book.holding(15);
    book.task_ended("succeeded");
    book.task_ended("out_of_memory");
    return book.read();
}

} // namespace

TEST_CASE("the metrics are OpenMetrics text: every family has its type and help, and what its type allows") {
    for (auto const& book : {health{}, busy()}) {
        auto const all = read(openmetrics(book));
        for (auto const& [name, each] : all) {
            INFO(name);
            CHECK(name.starts_with("fargate_"));
            CHECK(each.help.ends_with("."));
            REQUIRE_FALSE(each.samples.empty());
            if (each.type == "counter") {
                CHECK_FALSE(name.ends_with("_total"));
                std::set<std::string> labels;
                for (auto const& [suffix, one] : each.samples) {
                    CHECK(suffix == "_total");
                    CHECK(labels.insert(one.labels).second);
                }
            } else if (each.type == "gauge") {
                CHECK(each.samples.size() == 1);
                CHECK(each.samples[0].first.empty());
            } else {
                CHECK(each.type == "histogram");
                check_histogram(each);
            }
        }
    }
}

TEST_CASE("each figure of the book stands under its name") {
    auto const all = read(openmetrics(busy()));
    std::map<std::string, std::string> said;
    for (auto const& [name, each] : all)
        for (auto const& [suffix, one] : each.samples)
            if (suffix != "_bucket")
                said[name + suffix + (one.labels.empty() ? "" : "{" + one.labels + "}")] = one.value;
    CHECK(said == std::map<std::string, std::string>{
                      {"fargate_polls_total", "3"},
                      {"fargate_poll_failures_total", "1"},
                      {"fargate_last_success_timestamp_seconds", "1700000000.25"},
                      {"fargate_poll_duration_seconds_count", "3"},
                      {"fargate_poll_duration_seconds_sum", "33.04"},
                      {"fargate_launches_total", "2"},
                      {"fargate_launch_wait_seconds_count", "2"},
                      {"fargate_launch_wait_seconds_sum", "2090.0"},
                      {"fargate_launch_attempts_total", "4"},
                      {"fargate_launch_attempt_duration_seconds_count", "4"},
                      {"fargate_launch_attempt_duration_seconds_sum", "4.0"},
                      {"fargate_adoptions_total", "5"},
                      {"fargate_relaunches_total", "6"},
                      {"fargate_throttles_total", "7"},
                      {"fargate_failed_runs_total", "8"},
                      {"fargate_left_runs_total", "9"},
                      {"fargate_tasks_stopped_total", "10"},
                      {"fargate_duplicates_swept_total", "11"},
                      {"fargate_heartbeats_total", "12"},
                      {"fargate_holds_total", "13"},
                      {"fargate_watched_tasks", "14"},
                      {"fargate_held_runs", "15"},
                      {"fargate_tasks_ended_total{ending=\"succeeded\"}", "1"},
                      {"fargate_tasks_ended_total{ending=\"failed\"}", "0"},
                      {"fargate_tasks_ended_total{ending=\"never_started\"}", "0"},
                      {"fargate_tasks_ended_total{ending=\"out_of_memory\"}", "1"},
                      {"fargate_tasks_ended_total{ending=\"interrupted\"}", "0"},
                      {"fargate_tasks_ended_total{ending=\"told_to_stop\"}", "0"},
                      {"fargate_tasks_ended_total{ending=\"unknown\"}", "0"},
                  });
}

TEST_CASE("a bucket holds what is no longer than its bound") {
    auto const all = read(openmetrics(busy()));
    std::string buckets;
    for (auto const& [suffix, each] : all.at("fargate_poll_duration_seconds").samples)
        if (suffix == "_bucket") buckets += each.labels + " " + each.value + "\n";
    CHECK(buckets == R"(le="0.05" 1
le="0.1" 1
le="0.25" 1
le="0.5" 1
le="1.0" 1
le="2.5" 1
le="5.0" 2
le="10.0" 2
le="30.0" 3
le="60.0" 3
le="300.0" 3
le="1800.0" 3
le="+Inf" 3
)");
}

TEST_CASE("no message stands in the metrics, and before the first answer there is no time of it") {
    CHECK(openmetrics(busy()).find("hidden") == std::string::npos);
    CHECK(openmetrics(health{}).find("last_success") == std::string::npos);
}
