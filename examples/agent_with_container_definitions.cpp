// The product description's Python example of containerDefinitions with secrets, an EFS volume and logs, in C++.

#include <fargate/agent.hpp>

#include <cstdio>

int main() {
    using fargate::json::value;
    auto const container = value::object({
        {"environment", value::array({value::object({{"name", "TEST_ENV"}, {"value", "Success!"}})})},
        {"secrets",
         value::array({value::object(
             {{"name", "TEST_SECRET"}, {"valueFrom", "arn:aws:ssm:us-east-1:123456789101:parameter/test/test"}})})},
        {"mountPoints", value::array({value::object(
                            {{"sourceVolume", "myEfsVolume"}, {"containerPath", "/data"}, {"readOnly", false}})})},
        {"logConfiguration", value::object({{"logDriver", "awslogs"},
                                            {"options", value::object({{"awslogs-group", "/my/log/group"},
                                                                       {"awslogs-region", "us-east-1"},
                                                                       {"awslogs-stream-prefix", "prefect-flow-runs"},
                                                                       {"awslogs-create-group", "true"}})}})},
    });
    auto const volume = value::object(
        {{"name", "myEfsVolume"},
         {"efsVolumeConfiguration",
          value::object({{"fileSystemId", "my_efs_id"},
                         {"transitEncryption", "ENABLED"},
                         {"authorizationConfig",
                          value::object({{"accessPointId", "my_efs_access_point"}, {"iam", "ENABLED"}})}})}});
    auto const network = value::object({{"assignPublicIp", "ENABLED"},
                                        {"subnets", value::array({"my_subnet_id"})},
                                        {"securityGroups", value::array()}});

    fargate::service::signals signals;
    fargate::agent<> agent{{
        .aws_access_key_id = "MY_ACCESS",
        .aws_secret_access_key = "MY_SECRET",
        .aws_session_token = "MY_SESSION",
        .region_name = "us-east-1",
        .launch_type = "FARGATE",
        .kwargs = value::object({{"networkConfiguration", value::object({{"awsvpcConfiguration", network}})},
                                 {"executionRoleArn", "arn:aws:iam::123456789101:role/ecsTaskExecutionRole"},
                                 {"cpu", "256"},
                                 {"memory", "512"},
                                 {"platformVersion", "1.4.0"},
                                 {"containerDefinitions", value::array({container})},
                                 {"volumes", value::array({volume})}}),
    }};
    auto const ended = agent.start(signals.token());
    if (!ended) std::fprintf(stderr, "%s\n", ended.error().message.c_str());
    return ended ? 0 : 1;
}
