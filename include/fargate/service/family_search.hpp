#ifndef FARGATE_SERVICE_FAMILY_SEARCH_HPP
#define FARGATE_SERVICE_FAMILY_SEARCH_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/task_report.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/task_calls.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// The tasks of a family that ECS knows, alive or stopped within the last hour, whoever launched them. Each family is
/// listed once in the life of this object.
template <class Ecs, clock_policy Clock, log_policy Log>
class family_search {
public:
    using reports = std::vector<deploy::task_report>;

    struct found {
        deploy::task_report task{};
        std::string cluster{}; ///< as the agent names it
    };

    family_search(task_calls<Ecs, Clock, Log>& calls, std::vector<std::string> const& clusters) :
        calls_{calls}, clusters_{clusters} {}

    /// Those that run `run`; an error when they cannot be listed.
    [[nodiscard]] result<std::vector<found>> tasks_of(std::string_view run, std::string const& family,
                                                      std::stop_token const& stop) {
        auto known = families_.find(family);
        if (known == families_.end()) known = families_.emplace(family, list(family, stop)).first;
        if (!known->second) return known->second.error();
        std::vector<found> made;
        for (auto const& each : *known->second)
            if (each.task.run == run) made.push_back(each);
        return made;
    }

private:
    [[nodiscard]] result<std::vector<found>> list(std::string const& family, std::stop_token const& stop) {
        std::vector<found> made;
        for (auto const& cluster : clusters_)
            for (std::string_view const status : {"RUNNING", "STOPPED"}) {
                json::value filter = json::value::object();
                json::set(filter, "family", family);
                json::set_text(filter, "desiredStatus", status);
                auto const arns = calls_.list(cluster, filter, stop);
                if (!arns) return arns.error();
                auto got = calls_.describe_all(cluster, *arns, stop);
                if (!got) return std::move(got).error();
                for (auto& each : *got)
                    if (!each.run.empty()) made.push_back({std::move(each), cluster});
            }
        return made;
    }

    task_calls<Ecs, Clock, Log>& calls_;
    std::vector<std::string> const& clusters_;
    std::map<std::string, result<std::vector<found>>> families_;
};

} // namespace fargate::inline v0::service

#endif
