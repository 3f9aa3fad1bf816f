#ifndef FARGATE_SERVICE_TASK_CALLS_HPP
#define FARGATE_SERVICE_TASK_CALLS_HPP

#include <fargate/aws/ecs_types.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/task_report.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// AWS does not let this key do that.
[[nodiscard]] inline bool is_denied(error const& why) noexcept {
    return text::contains(why.service_code, "AccessDenied") ||
           text::contains(why.message, "is not authorized to perform");
}

/// What DescribeTasks answered.
struct described_tasks {
    struct seen {
        deploy::task_report report{};
        std::string status{};   ///< `lastStatus`
        bool is_ending = false; ///< told to stop, or gone already
    };
    std::vector<seen> tasks{};
    std::vector<aws::failure> failures{};
};

namespace detail {

/// DescribeTasks' answer, of which is read what following many tasks takes.
struct task_states : aws::describe_tasks_output {
    static constexpr std::string_view members[] = {"tasks",     "taskArn",  "lastStatus", "desiredStatus", "createdAt",
                                                   "startedAt", "failures", "arn",        "reason"};
    [[nodiscard]] static result<task_states> from(json::value const& answer) {
        auto made = aws::describe_tasks_output::from(answer);
        if (!made) return std::move(made).error();
        return task_states{*std::move(made)};
    }
};

} // namespace detail

/// The calls by which tasks are looked at and ended. What the key may not do is said once, with the remedy, and then not
/// tried for ten minutes. `Ecs` as `aws::ecs`; keeps references.
template <class Ecs, clock_policy Clock, log_policy Log>
class task_calls {
public:
    static constexpr duration after_denial = std::chrono::minutes{10};

    /// `container` is the one that runs the flow.
    task_calls(Ecs& ecs, Clock& clock, Log& log, remarks& said, std::string container) :
        ecs_{ecs}, clock_{clock}, log_{log}, said_{said}, container_{std::move(container)} {}

    /// At most a hundred tasks of one cluster. Reports of those that have not stopped do not name their runs.
    [[nodiscard]] result<described_tasks> describe(std::string const& cluster, std::span<std::string const> tasks,
                                                   std::stop_token const& stop) {
        auto got = shown(cluster, tasks, stop);
        if (!got) return std::move(got).error();
        described_tasks made;
        json::value whole; // most tasks go on, and only how others ended takes more than their type tells
        for (std::size_t i = 0; i != got->tasks.size(); ++i) {
            auto& each = got->tasks[i];
            std::string status = each.last_status;
            bool const told_to_stop = each.desired_status == "STOPPED";
            auto report = deploy::read_task_report(std::move(each));
            if (report.at == deploy::task_report::phase::stopped) {
                if (whole.is_null()) whole = json::parse(got->raw, deploy::report_members).value_or(json::value{});
                if (auto const* const list = json::array_of(whole, "tasks"))
                    report = deploy::read_task_report((*list)[i], container_);
            }
            made.tasks.push_back({std::move(report), std::move(status), told_to_stop});
        }
        made.failures = std::move(got->failures);
        return made;
    }

    /// The ARNs of all tasks of a cluster that `filter` (ListTasks' own members) lets through.
    [[nodiscard]] result<std::vector<std::string>> list(std::string const& cluster, json::value const& filter,
                                                        std::stop_token const& stop) {
        constexpr int most_pages = 1000;
        json::value input = in(cluster);
        if (auto const* const members = filter.get_ptr<json::value::object_t const*>())
            for (auto const& [name, each] : *members) json::set(input, name, each);
        std::vector<std::string> made;
        for (int page = 0; page != most_pages; ++page) {
            auto got = list_.ask(clock_.now(), [&] { return ecs_.list_tasks(input, stop); });
            if (!got)
                return denied_once(got.error(), "ecs:ListTasks", "tasks that an agent left behind are not found",
                                   "allow it or start with --no-reconcile");
            for (auto& each : got->arns) made.push_back(std::move(each));
            if (got->next_token.empty()) break;
            json::set(input, "nextToken", got->next_token);
        }
        return made;
    }

    /// What each of these tells of itself; what has gone in the meantime is left out.
    [[nodiscard]] result<std::vector<deploy::task_report>>
    describe_all(std::string const& cluster, std::vector<std::string> const& tasks, std::stop_token const& stop) {
        std::vector<deploy::task_report> made;
        for (std::size_t from = 0; from < tasks.size(); from += watch_list::most_a_call) {
            auto const count = std::min(watch_list::most_a_call, tasks.size() - from);
            auto const got = shown(cluster, std::span{tasks}.subspan(from, count), stop);
            if (!got) return got.error();
            auto const whole = json::parse(got->raw, deploy::report_members);
            auto const* const list = whole ? json::array_of(*whole, "tasks") : nullptr;
            if (list == nullptr) continue;
            for (auto const& each : *list) made.push_back(deploy::read_task_report(each, container_));
        }
        return made;
    }

    /// True when ECS took the order.
    bool stop_task(std::string const& cluster, std::string const& task, std::string_view reason,
                   std::stop_token const& stop) {
        json::value input = in(cluster);
        json::set(input, "task", task);
        json::set_text(input, "reason", reason);
        auto const got = stop_.ask(clock_.now(), [&] { return ecs_.stop_task(input, stop); });
        if (got) return true;
        auto const why = denied_once(got.error(), "ecs:StopTask",
                                     "tasks of cancelled flow runs, and tasks that run too long, go on", "allow it");
        if (!is_denied(why) && why.code != errc::cancelled)
            log_.write(log_level::warning, "task " + task + " could not be stopped yet: " + why.message);
        return false;
    }

private:
    /// One operation, and its last refusal.
    class door {
    public:
        template <class Ask>
        auto ask(time_point now, Ask&& ask) -> decltype(ask()) {
            if (closed_until_ && now < *closed_until_) return why_;
            closed_until_.reset();
            auto got = ask();
            if (!got && is_denied(got.error())) {
                why_ = got.error();
                closed_until_ = now + after_denial;
            }
            return got;
        }

    private:
        std::optional<time_point> closed_until_;
        error why_;
    };

    /// DescribeTasks' answer for at most a hundred tasks of one cluster.
    [[nodiscard]] result<detail::task_states> shown(std::string const& cluster, std::span<std::string const> tasks,
                                                    std::stop_token const& stop) {
        json::value input = in(cluster);
        json::value list = json::value::array();
        for (auto const& each : tasks) list.push_back(each);
        json::set(input, "tasks", std::move(list));
        auto got =
            describe_.ask(clock_.now(), [&] { return ecs_.template describe_tasks<detail::task_states>(input, stop); });
        if (!got)
            return denied_once(got.error(), "ecs:DescribeTasks", "tasks are not followed",
                               "allow it or start with --no-watch");
        return got;
    }

    [[nodiscard]] static json::value in(std::string const& cluster) {
        json::value made = json::value::object();
        if (!cluster.empty()) json::set(made, "cluster", cluster);
        return made;
    }

    error denied_once(error const& why, std::string_view action, std::string_view loss, std::string_view remedy) {
        if (is_denied(why) && said_.first(action))
            log_.write(log_level::warning, "this agent may not call " + std::string{action} + ": " + std::string{loss} +
                                               "; " + std::string{remedy} + " (AWS: " + why.message + ")");
        return why;
    }

    Ecs& ecs_;
    Clock& clock_;
    Log& log_;
    remarks& said_;
    std::string container_;
    door describe_;
    door list_;
    door stop_;
};

} // namespace fargate::inline v0::service

#endif
