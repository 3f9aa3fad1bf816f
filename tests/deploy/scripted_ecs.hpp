#ifndef FARGATE_TESTS_DEPLOY_SCRIPTED_ECS_HPP
#define FARGATE_TESTS_DEPLOY_SCRIPTED_ECS_HPP

#include <fargate/aws/ecs_types.hpp>
#include <fargate/aws/tagging.hpp>
#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

namespace aws = fargate::aws;
using fargate::errc;
using fargate::error;
using fargate::result;

inline error refusal(std::string code, std::string message, int status = 400) {
    error made = fargate::fail(errc::service_error, std::move(message));
    made.service_code = std::move(code);
    made.http_status = status;
    return made;
}

inline error missing() {
    return refusal("ClientException", "DescribeTaskDefinition: Unable to describe task definition.");
}

inline std::string definition_arn(std::string const& family, std::int64_t revision) {
    return "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + family + ":" + std::to_string(revision);
}

inline aws::task_definition_output definition(std::string const& family, std::int64_t revision,
                                              std::vector<aws::tag> tags = {}, std::string status = "ACTIVE") {
    aws::task_definition_output made;
    made.arn = definition_arn(family, revision);
    made.family = family;
    made.revision = revision;
    made.status = std::move(status);
    made.tags = std::move(tags);
    return made;
}

inline aws::run_task_output started(std::string const& arn) {
    aws::run_task_output made;
    made.tasks.emplace_back();
    made.tasks[0].arn = arn;
    return made;
}

/// Stands for `aws::ecs` and `aws::tagging`: answers what it was told to, in order, and keeps what it was asked. May be
/// called from several threads.
class scripted_ecs {
public:
    using definition_answer = result<aws::task_definition_output>;

    std::deque<definition_answer> describes{}, registers{};
    std::deque<result<aws::run_task_output>> runs{};
    std::deque<result<std::vector<aws::tagged_resource>>> searches{};
    std::function<void(std::string const& operation)> on_call = [](std::string const&) {};

    definition_answer describe_task_definition(fargate::json::value const& input, std::stop_token = {}) {
        return answer(describes, "describe", input);
    }
    definition_answer register_task_definition(fargate::json::value const& input, std::stop_token = {}) {
        return answer(registers, "register", input);
    }
    result<aws::run_task_output> run_task(fargate::json::value const& input, std::stop_token = {}) {
        return answer(runs, "run", input);
    }
    result<std::vector<aws::tagged_resource>> all_resources(fargate::json::value const& input, std::stop_token = {}) {
        return answer(searches, "search", input);
    }

    /// The calls so far: `describe register run`.
    [[nodiscard]] std::string calls() const {
        std::scoped_lock const lock{mutex_};
        std::string all;
        for (auto const& each : calls_) all += (all.empty() ? "" : " ") + each.first;
        return all;
    }
    [[nodiscard]] fargate::json::value input(std::size_t call) const {
        std::scoped_lock const lock{mutex_};
        return calls_.at(call).second;
    }

private:
    template <class Answer>
    Answer answer(std::deque<Answer>& script, std::string const& operation, fargate::json::value const& input) {
        on_call(operation);
        std::scoped_lock const lock{mutex_};
        calls_.emplace_back(operation, input);
        if (script.empty()) return fargate::fail(errc::internal, "the script has no answer for " + operation);
        Answer next = std::move(script.front());
        script.pop_front();
        return next;
    }

    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, fargate::json::value>> calls_;
};

} // namespace testing_support

#endif
