#ifndef FARGATE_TESTING_API_BUDGET_HPP
#define FARGATE_TESTING_API_BUDGET_HPP

#include <fargate/system/clock.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::testing {

/// The token buckets in front of an API: calls take a token, tokens come back with time, and a call that finds none is
/// throttled. Without any bucket everything passes.
class api_budget {
public:
    struct bucket {
        std::string name{};
        double burst = 1;                      ///< tokens it holds at most, and at first
        double per_second = 1;                 ///< tokens that come back
        std::vector<std::string> operations{}; ///< the calls that take from it
        bool by_task = false;                  ///< RunTask takes `count` tokens instead of one
    };

    /// The table of Amazon ECS's documentation ("Request throttling for the Amazon ECS API"), Fargate's own rows included.
    [[nodiscard]] static std::vector<bucket> amazon() {
        return {
            {"task definition modify", 20, 1, {"RegisterTaskDefinition", "DeregisterTaskDefinition"}, false},
            {"task definition read", 50, 20, {"DescribeTaskDefinition", "ListTaskDefinitions"}, false},
            {"cluster resource modify", 100, 40, {"RunTask", "StopTask"}, false},
            {"cluster resource read", 100, 20, {"DescribeTasks", "ListTasks"}, false},
            {"cluster read", 50, 20, {"DescribeClusters"}, false},
            {"fargate run task", 20, 20, {"RunTask"}, false},
            {"fargate launches", 100, 20, {"RunTask"}, true},
        };
    }

    void limit(std::vector<bucket> buckets) {
        buckets_.clear();
        for (auto& each : buckets) buckets_.push_back({std::move(each), 0, std::nullopt});
    }

    /// Takes what the call needs, or nothing at all and returns false.
    [[nodiscard]] bool take(std::string_view operation, double tasks, time_point now) {
        std::vector<level*> needed;
        for (auto& each : buckets_) {
            auto const& calls = each.rule.operations;
            if (std::find(calls.begin(), calls.end(), operation) == calls.end()) continue;
            if (!each.last) each.tokens = each.rule.burst;
            if (each.last && now > *each.last)
                each.tokens =
                    std::min(each.rule.burst, each.tokens + std::chrono::duration<double>(now - *each.last).count() *
                                                                each.rule.per_second);
            if (!each.last || now > *each.last) each.last = now;
            needed.push_back(&each);
        }
        auto const price = [&](level const& each) { return each.rule.by_task ? tasks : 1.0; };
        // A millionth of grace: fractions of a token come back in steps that binary numbers cannot hold.
        for (level const* each : needed)
            if (each->tokens + 1e-6 < price(*each)) return false;
        for (level* each : needed) each->tokens -= price(*each);
        return true;
    }

private:
    struct level {
        bucket rule;
        double tokens;
        std::optional<time_point> last;
    };
    std::vector<level> buckets_;
};

} // namespace fargate::inline v0::testing

#endif
