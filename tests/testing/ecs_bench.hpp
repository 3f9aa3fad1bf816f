#ifndef FARGATE_TESTS_TESTING_ECS_BENCH_HPP
#define FARGATE_TESTS_TESTING_ECS_BENCH_HPP

#include <fargate/testing/fake_ecs.hpp>
#include <fargate/testing/manual_clock.hpp>

#include "support/vectors.hpp"
#include "testing/signed_request.hpp"

#include <string>
#include <utility>

namespace testing_support {

using namespace fargate;

inline constexpr char const* definition = R"({
    "family": "etl", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
    "containerDefinitions": [{"name": "flow", "image": "acme/etl:1"}], "tags": [{"key": "team", "value": "data"}]})";
inline constexpr char const* task = R"({
    "taskDefinition": "etl", "launchType": "FARGATE",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": []}}})";

/// A fake ECS with its clock, and calls that read like the service's.
struct ecs_bench {
    testing::manual_clock clock;
    testing::fake_ecs ecs{{}, testing::time_of(clock)};

    result<http::response> send(std::string const& operation, std::string body) {
        auto const call = json_call("AmazonEC2ContainerServiceV20141113." + operation, std::move(body));
        return ecs.send(sign(call, "ecs", clock.now()));
    }
    /// The answer's document, whatever its status; `status` and `code` tell the rest.
    json::value call(std::string const& operation, json::value const& body) {
        return call(operation, json::write(body));
    }
    json::value call(std::string const& operation, char const* body) { return call(operation, std::string{body}); }
    json::value call(std::string const& operation, std::string body) {
        auto const answer = send(operation, std::move(body));
        status = answer ? answer->status : 0;
        json::value made = answer ? document(answer->body) : json::value{};
        code = text(made, "__type");
        message = text(made, "message");
        return made;
    }
    /// `body` with one member put in; a null value takes the member out.
    static json::value with(char const* body, char const* name, json::value value) {
        json::value made = document(body);
        json::set(made, name, std::move(value));
        return made;
    }
    std::string run(json::value const& body) {
        auto const answer = call("RunTask", body);
        auto const* const tasks = json::array_of(answer, "tasks");
        return tasks != nullptr && !tasks->empty() ? text((*tasks)[0], "taskArn") : "";
    }
    json::value look(std::string const& arn) {
        auto const answer = call("DescribeTasks", json::value{{"tasks", json::value::array({arn})}});
        auto const* const tasks = json::array_of(answer, "tasks");
        return tasks != nullptr && !tasks->empty() ? (*tasks)[0] : json::value{};
    }
    std::string status_of(std::string const& arn) { return text(look(arn), "lastStatus"); }

    int status = 0;
    std::string code{};
    std::string message{};
};

} // namespace testing_support

#endif
