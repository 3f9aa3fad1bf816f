#include <fargate/aws/user_agent.hpp>

#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"

using fargate::aws::client_options;
using fargate::aws::user_agent;
using fargate::testing::map_environment;

TEST_CASE("the user agent names the library, the execution environment, the application and what the caller adds") {
    map_environment environment{};
    std::string const own = "fargate/" FARGATE_VERSION_STRING;
    CHECK(user_agent({}, environment) == own);
    environment.set("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE");
    environment.set("AWS_SDK_UA_APP_ID", "nightly");
    CHECK(user_agent({}, environment) == own + " exec-env/AWS_ECS_FARGATE app/nightly");
    client_options options;
    options.app_id = "mine";
    options.user_agent_extra = "prefect/1.4 (x)";
    CHECK(user_agent(options, environment) == own + " exec-env/AWS_ECS_FARGATE app/mine prefect/1.4 (x)");
    options.user_agent = "all mine";
    CHECK(user_agent(options, environment) == "all mine prefect/1.4 (x)");
    options.user_agent_extra.clear();
    CHECK(user_agent(options, environment) == "all mine");
}

TEST_CASE("odd values cannot break the header") {
    map_environment environment{{{"AWS_EXECUTION_ENV", "a b\r\nX-Evil: 1"}}};
    client_options options;
    options.app_id = std::string(60, 'x');
    options.user_agent_extra = "\r\nX: y\x7F";
    std::string const made = user_agent(options, environment);
    CHECK(made == "fargate/" FARGATE_VERSION_STRING " exec-env/a-b--X-Evil--1 app/" + std::string(50, 'x') + " X: y");
}
