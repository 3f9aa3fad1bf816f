#include "world.hpp"

#include "support/http_text.hpp"
#include "support/loopback.hpp"
#include "support/vectors.hpp"

#include <fargate/json/json.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/task_life.hpp>

#include <cstddef>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

namespace bench {
namespace {

using namespace fargate;
namespace fakes = fargate::testing;

/// Number `number` of the runs that come in, of one of so many flows.
json::value run_row(json::value row, std::size_t number, std::size_t flows, std::size_t labels) {
    auto const digits = [](std::size_t made) { return std::to_string(10'000'000 + made); };
    auto flow = *json::object_of(row, "flow");
    auto const of = number % flows;
    json::set(flow, "id", digits(of) + "-69e0-4d7c-a4b5-c18d9e2f3065");
    json::set(flow, "name", "flow " + std::to_string(of));
    json::set(row, "flow", std::move(flow));
    json::set(row, "id", digits(number) + "-2e4c-4a60-8b9d-c1e3a5f70b65");
    json::value list = json::value::array();
    for (std::size_t i = 0; i != labels; ++i) list.push_back("label-" + std::to_string(i));
    json::set(row, "labels", std::move(list));
    return row;
}

} // namespace

int world() {
    fakes::fake_prefect prefect;
    fakes::fake_aws aws;
    aws.ecs.every_task(fakes::runs_for_ever());
    auto const row = (*json::array_of(
        *json::object_of(testing_support::load("prefect1/flow_run_environment_metadata_image.json"), "data"),
        "flow_run"))[0];
    testing_support::loopback server{testing_support::answers_of([&](http::request const& request) {
        return request.headers.find("X-Amz-Target") ? aws.send(request) : prefect.send(request);
    })};
    std::printf("\"%s\"\n", server.url("").c_str());
    std::fflush(stdout);
    std::size_t added = 0;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string command;
        std::size_t runs = 0, flows = 1, labels = 0;
        words >> command >> runs >> flows >> labels;
        for (; command == "add" && runs != 0; --runs) prefect.add_flow_run(run_row(row, added++, flows, labels));
        auto const calls = [&](char const* operation) { return aws.ecs.log().count(operation); };
        std::printf("{\"prefect\": %zu, \"polls\": %zu, \"aws\": %zu, \"RegisterTaskDefinition\": %zu, "
                    "\"DescribeTaskDefinition\": %zu, \"RunTask\": %zu, \"DescribeTasks\": %zu, \"tasks\": %zu, "
                    "\"connections\": %zu}\n",
                    prefect.log().count(), prefect.log().count("get_runs_in_queue"), calls(""),
                    calls("RegisterTaskDefinition"), calls("DescribeTaskDefinition"), calls("RunTask"),
                    calls("DescribeTasks"), aws.ecs.tasks_created(), server.connections());
        std::fflush(stdout);
    }
    return 0;
}

} // namespace bench
