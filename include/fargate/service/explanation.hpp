#ifndef FARGATE_SERVICE_EXPLANATION_HPP
#define FARGATE_SERVICE_EXPLANATION_HPP

#include <fargate/core/result.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/protocol.hpp>

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// What an agent would send for a run's first attempt, to the byte. The bodies hold what the container is handed: the API
/// token or key, too.
struct explanation {
    struct request {
        std::string operation{}; ///< `RunTask`
        std::string url{};
        std::string target{}; ///< the field X-Amz-Target
        std::string body{};
    };
    std::vector<request> requests{};  ///< RegisterTaskDefinition where it would be needed, then RunTask
    std::vector<std::string> notes{}; ///< what to know beside them, a line each
    std::string definition{};         ///< what is run: a family or an ARN
    std::string capacity{};           ///< on what: `FARGATE`
};

namespace detail {

[[nodiscard]] constexpr std::string_view word_for(run_life life) noexcept {
    switch (life) {
    case run_life::waiting: return "waiting";
    case run_life::claimed: return "claimed by an agent already";
    case run_life::running: return "running already";
    case run_life::cancelling: return "being cancelled";
    case run_life::cancelled: return "cancelled";
    case run_life::finished: return "finished";
    }
    return "in a state that is not known";
}

/// What RunTask's body says that it runs on.
[[nodiscard]] inline std::string capacity_of(json::value const& task) {
    if (auto const type = json::text_of(task, "launchType")) return std::string{*type};
    std::string made;
    if (auto const* const strategy = json::array_of(task, "capacityProviderStrategy"))
        for (auto const& each : *strategy)
            made.append(made.empty() ? "" : ", ").append(json::text_of(each, "capacityProvider").value_or(""));
    return made.empty() ? "the cluster's default capacity" : made;
}

} // namespace detail

/// Tells what would be sent for a run, and sends nothing but questions: DescribeTaskDefinition, and what the planner asks.
/// `Planner`, `Launcher` and `Ecs` as the deployment has them; keeps references. May be used from several threads.
template <class Planner, class Launcher, class Ecs, crypto::hash_policy Hash>
class explainer {
public:
    explainer(Planner const& planner, Launcher& launcher, Ecs const& ecs, Hash const& hash, protocol const& rules) :
        planner_{planner}, launcher_{launcher}, ecs_{ecs}, hash_{hash}, rules_{rules} {}

    /// The run as it is offered. The error is the one that the run would fail with, or that it would wait for.
    template <class Run>
    [[nodiscard]] result<explanation> explain(Run const& run, std::stop_token stop = {}) const {
        auto planned = planner_(run, stop);
        if (!planned) return std::move(planned).error();
        if (!rules_.idempotent) planned->wanted = {};
        auto const plan = deploy::for_attempt(*planned, {}, rules_.capacity_plan, hash_);
        auto const found = launcher_.look(plan, stop);
        if (!found) return found.error();
        explanation made;
        if (!*found) {
            if (auto added = add(made, "RegisterTaskDefinition", plan.definition); !added) return added.error();
            if (launcher_.pins(plan))
                made.notes.push_back(
                    "RunTask will name the revision that RegisterTaskDefinition answers with, in place of " +
                    plan.family);
        }
        made.definition = *found ? (*found)->name : plan.family;
        made.capacity = detail::capacity_of(plan.task);
        if (json::member(plan.task, "clientToken") == nullptr)
            made.notes.push_back("RunTask will carry a clientToken that is random, behind all else");
        if (auto added = add(made, "RunTask", launcher_.task_for(plan, made.definition)); !added) return added.error();
        return made;
    }

    /// The run as it is now, which may be no longer, or not yet, what an agent would launch.
    template <class Run>
    [[nodiscard]] result<explanation> explain(run_view<Run> const& view, std::stop_token stop = {}) const {
        auto made = explain(view.run, std::move(stop));
        if (made && view.life != run_life::waiting)
            made->notes.push_back("flow run " + std::string{view.run.id} + " is " +
                                  std::string{detail::word_for(view.life)} +
                                  ": this is what its first attempt sends, and no agent would claim it now");
        return made;
    }

private:
    [[nodiscard]] result<void> add(explanation& into, std::string_view operation, json::value const& input) const {
        auto call = ecs_.call_of(operation, input);
        if (!call) return std::move(call).error();
        auto const& where = call->where;
        into.requests.push_back({std::string{operation},
                                 where.scheme + "://" + where.authority + where.path(call->path),
                                 std::string{call->headers.value_of("X-Amz-Target")}, std::move(call->body)});
        return {};
    }

    Planner const& planner_;
    Launcher& launcher_;
    Ecs const& ecs_;
    Hash const& hash_;
    protocol const& rules_;
};

} // namespace fargate::inline v0::service

#endif
