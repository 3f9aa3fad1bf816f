#ifndef FARGATE_SERVICE_CHECK_HPP
#define FARGATE_SERVICE_CHECK_HPP

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/aws/tagging.hpp>
#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/preflight.hpp>
#include <fargate/prefect/server.hpp>
#include <fargate/service/checkup.hpp>
#include <fargate/service/complaints.hpp>
#include <fargate/service/options.hpp>
#include <fargate/service/parts.hpp>
#include <fargate/service/preparation.hpp>
#include <fargate/system/log.hpp>

#include <stop_token>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Everything that is wrong with what an agent is told: what cannot be read, what ECS would refuse, and what Prefect and AWS
/// do not allow it; empty when nothing is. Nothing is changed anywhere. `own`: the agent's parts are its own.
template <agent_policies Policies>
[[nodiscard]] std::vector<deploy::finding> check(agent_options const& options, parts<Policies>& with, bool own,
                                                 std::stop_token stop = {}) {
    null_log quiet;
    complaints wrong;
    wrong.thorough = true;
    auto ready = prepare<Policies>(options, with, own, quiet, wrong);
    auto found = std::move(wrong.all);
    if (!ready.settings) return found;
    add_findings(found, deploy::preflight(*ready.settings, ready.rules.capacity_plan));

    checkup asks{*ready.settings, ready.rules, stop};
    prefect::server<typename Policies::http, typename Policies::clock, typename Policies::log> source{
        with.http, with.clock, with.log, *std::move(ready.server)};
    asks.ask_prefect(source);
    if (ready.reaches_aws) {
        auto const key = with.credentials.fetch(with.http, with.clock, with.environment);
        if (asks.ask_credentials(key ? nullptr : &key.error())) {
            aws::ecs<Policies> ecs{*ready.for_ecs, ready.aws};
            asks.ask_ecs(ecs);
            aws::tagging<Policies> tagging{*ready.for_tagging, ready.aws};
            asks.ask_tagging(tagging);
            aws::s3<Policies> s3{with, ready.for_s3};
            asks.ask_s3(s3);
        }
    }
    add_findings(found, std::move(asks).take());
    return found;
}

} // namespace fargate::inline v0::service

#endif
