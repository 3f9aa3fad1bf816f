#ifndef FARGATE_TESTING_IAM_GATE_HPP
#define FARGATE_TESTING_IAM_GATE_HPP

#include <fargate/core/error.hpp>
#include <fargate/testing/iam_policy.hpp>
#include <fargate/testing/input_check.hpp>

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace fargate::inline v0::testing {

/// Whether the caller of a fake may do what it asks for. Everything is allowed until a policy is enforced. May be used from
/// several threads.
class iam_gate {
public:
    /// From now on everything that `policy` does not allow is denied. `guard_tags`: whoever gives tags to what he makes needs
    /// `ecs:TagResource` beside, as in accounts with the ECS setting tagResourceAuthorization.
    void enforce(iam_policy policy, bool guard_tags = true) {
        std::scoped_lock const lock{mutex_};
        policy_ = std::move(policy);
        guard_tags_ = guard_tags;
    }

    [[nodiscard]] bool guards_tags() const {
        std::scoped_lock const lock{mutex_};
        return policy_ && guard_tags_;
    }

    [[nodiscard]] bool allows(iam_request const& wanted) const {
        std::scoped_lock const lock{mutex_};
        return !policy_ || policy_->allows(wanted);
    }

    /// The service's refusal when `wanted` is not allowed.
    [[nodiscard]] std::optional<error> refuse(iam_request const& wanted, int status = 400,
                                              std::string code = "AccessDeniedException") const {
        if (allows(wanted)) return std::nullopt;
        return refusal(status, std::move(code),
                       "User: arn:aws:iam::123456789012:user/prefect-agent is not authorized to perform: " +
                           wanted.action + " on resource: " + wanted.resource +
                           " because no identity-based policy allows the " + wanted.action + " action");
    }

private:
    mutable std::mutex mutex_;
    std::optional<iam_policy> policy_;
    bool guard_tags_ = true;
};

} // namespace fargate::inline v0::testing

#endif
