#include <fargate/aws/ecs.hpp>

#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/container.hpp>
#include <fargate/testing/failing_http.hpp>
#include <fargate/testing/fake_ecs.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <set>
#include <string>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
namespace testing = fargate::testing;
using fargate::errc;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

json::value parsed(std::string_view text) { return *json::parse(text); }

struct scene {
    aws::parts<frozen> parts{};
    aws::ecs<frozen> ecs;

    explicit scene(aws::client_options options = in_ireland()) : ecs{parts, std::move(options)} {}

    json::value body(std::size_t which) { return parsed(parts.http.requests().at(which).body); }
    std::string target(std::size_t which) {
        return std::string{parts.http.requests().at(which).headers.value_of("X-Amz-Target")};
    }
};

} // namespace

TEST_CASE("every operation asks under its own name") {
    scene here;
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, "{}"}; });
    auto const nothing = json::value::object();
    (void)here.ecs.register_task_definition(nothing);
    (void)here.ecs.deregister_task_definition(nothing);
    (void)here.ecs.describe_task_definition(nothing);
    (void)here.ecs.list_task_definitions(nothing);
    (void)here.ecs.run_task(nothing);
    (void)here.ecs.describe_tasks(nothing);
    (void)here.ecs.list_tasks(nothing);
    (void)here.ecs.stop_task(nothing);
    (void)here.ecs.describe_clusters(nothing);
    char const* const names[] = {"RegisterTaskDefinition",
                                 "DeregisterTaskDefinition",
                                 "DescribeTaskDefinition",
                                 "ListTaskDefinitions",
                                 "RunTask",
                                 "DescribeTasks",
                                 "ListTasks",
                                 "StopTask",
                                 "DescribeClusters"};
    REQUIRE(here.parts.http.requests().size() == std::size(names));
    for (std::size_t i = 0; i != std::size(names); ++i)
        CHECK(here.target(i) == std::string{"AmazonEC2ContainerServiceV20141113."} + names[i]);
}

TEST_CASE("tasks and failures of one answer are both data") {
    scene here;
    here.parts.http.reply(200, R"({"tasks":[{"taskArn":"arn:t","taskDefinitionArn":"arn:d","clusterArn":"arn:c",
        "lastStatus":"PROVISIONING","desiredStatus":"RUNNING","startedBy":"me","group":"family:f","createdAt":1.7E9,
        "containers":[{"name":"flow","lastStatus":"PENDING"}],"attachments":null,"unknown":{"deep":[1]}}],
        "failures":[{"arn":"arn:i","reason":"RESOURCE:MEMORY","detail":"1 GiB short"}]})");
    auto const ran = here.ecs.run_task(parsed(R"({"taskDefinition":"f:1","count":2})"));
    REQUIRE(ran);
    REQUIRE(ran->tasks.size() == 1);
    CHECK(ran->tasks[0].arn == "arn:t");
    CHECK(ran->tasks[0].definition_arn == "arn:d");
    CHECK(ran->tasks[0].cluster_arn == "arn:c");
    CHECK(ran->tasks[0].last_status == "PROVISIONING");
    CHECK(ran->tasks[0].desired_status == "RUNNING");
    CHECK(ran->tasks[0].started_by == "me");
    CHECK(ran->tasks[0].group == "family:f");
    CHECK(ran->tasks[0].stop_code.empty());
    CHECK(ran->tasks[0].created_at == fargate::time_point{std::chrono::seconds{1'700'000'000}});
    CHECK(ran->tasks[0].started_at == std::nullopt);
    REQUIRE(ran->tasks[0].containers.size() == 1);
    CHECK(ran->tasks[0].containers[0].name == "flow");
    CHECK(ran->tasks[0].containers[0].exit_code == std::nullopt);
    REQUIRE(ran->failures.size() == 1);
    CHECK(ran->failures[0].arn == "arn:i");
    CHECK(ran->failures[0].reason == "RESOURCE:MEMORY");
    CHECK(ran->failures[0].detail == "1 GiB short");
    CHECK(json::number_of((*json::array_of(parsed(ran->raw), "tasks"))[0], "createdAt") == 1.7e9);

    here.parts.http.reply(
        200, R"({"tasks":[],"failures":[{"arn":"arn:i","reason":"Capacity is unavailable at this time"}]})");
    auto const none = here.ecs.run_task(parsed(R"({"taskDefinition":"f:1"})"));
    REQUIRE(none);
    CHECK(none->tasks.empty());
    CHECK(none->failures.size() == 1);
}

TEST_CASE("a task's times are seconds with a fraction, and nothing where they are none") {
    auto const at = [](std::string const& member) {
        return aws::task::from(parsed("{\"startedAt\": " + member + ", \"stoppedAt\": 1700000000}"));
    };
    using std::chrono::microseconds;
    CHECK(at("1700000000.123").started_at == fargate::time_point{microseconds{1'700'000'000'123'000}});
    CHECK(at("1700000000.1234567").started_at == fargate::time_point{microseconds{1'700'000'000'123'457}});
    CHECK(at("1.7E9").stopped_at == fargate::time_point{microseconds{1'700'000'000'000'000}});
    CHECK(at("0").started_at == fargate::time_point{});
    for (auto const* const none : {"-1", "1e300", "253402300800", "18446744073709551615", "null", "true", "[]", "{}",
                                   "\"2023-11-14T22:13:20Z\""})
        CHECK(at(none).started_at == std::nullopt);
}

TEST_CASE("an answer tells all that its type has a place for") {
    std::string const told = R"({"taskArn":"t","taskDefinitionArn":"d","clusterArn":"c","lastStatus":"STOPPED",
        "desiredStatus":"STOPPED","stopCode":"EssentialContainerExited","stoppedReason":"r","startedBy":"s","group":"g",
        "createdAt":1,"startedAt":2,"stoppedAt":3,"containers":[{"name":"n","lastStatus":"STOPPED","reason":"w",
        "exitCode":4}]})";
    auto const check = [](aws::task const& task) {
        for (auto const* const text :
             {&task.arn, &task.definition_arn, &task.cluster_arn, &task.last_status, &task.desired_status,
              &task.stop_code, &task.stopped_reason, &task.started_by, &task.group})
            CHECK_FALSE(text->empty());
        CHECK((task.created_at && task.started_at && task.stopped_at));
        REQUIRE(task.containers.size() == 1);
        CHECK(task.containers[0].name == "n");
        CHECK(task.containers[0].last_status == "STOPPED");
        CHECK(task.containers[0].reason == "w");
        CHECK(task.containers[0].exit_code == 4);
    };
    scene here;
    here.parts.http.reply(200, R"({"tasks":[)" + told + R"(],"failures":[{"arn":"a","reason":"r","detail":"d"}]})");
    auto const ran = here.ecs.run_task(json::value::object());
    REQUIRE((ran && ran->tasks.size() == 1 && ran->failures.size() == 1));
    check(ran->tasks[0]);
    CHECK(ran->failures[0].detail == "d");
    here.parts.http.reply(200, R"({"task":)" + told + "}");
    auto const stopped = here.ecs.stop_task(json::value::object());
    REQUIRE(stopped);
    check(stopped->task);
    here.parts.http.reply(200, R"({"taskArns":["a"],"nextToken":"t"})");
    auto const listed = here.ecs.list_tasks(json::value::object());
    REQUIRE(listed);
    CHECK(listed->arns == std::vector<std::string>{"a"});
    CHECK(listed->next_token == "t");
    here.parts.http.reply(200, R"({"clusters":[{"clusterArn":"a","clusterName":"n","status":"ACTIVE"}],
        "failures":[{"arn":"a","reason":"MISSING","detail":"d"}]})");
    auto const clusters = here.ecs.describe_clusters(json::value::object());
    REQUIRE((clusters && clusters->clusters.size() == 1 && clusters->failures.size() == 1));
    CHECK(clusters->clusters[0].arn + clusters->clusters[0].name + clusters->clusters[0].status == "anACTIVE");
    CHECK(clusters->failures[0].arn + clusters->failures[0].reason + clusters->failures[0].detail == "aMISSINGd");
}

TEST_CASE("a stopped task tells how its containers ended, and an absent exit code is not zero") {
    scene here;
    here.parts.http.reply(200, R"({"tasks":[{"taskArn":"a","lastStatus":"STOPPED","stopCode":"EssentialContainerExited",
        "stoppedReason":"Essential container in task exited","containers":[{"name":"x","exitCode":137,
        "reason":"OutOfMemoryError"},{"name":"y"},{"name":"z","exitCode":0},{"name":"w","exitCode":99999999999}]}]})");
    auto const seen = here.ecs.describe_tasks(parsed(R"({"tasks":["a"]})"));
    REQUIRE(seen);
    CHECK(seen->tasks[0].stop_code == "EssentialContainerExited");
    CHECK(seen->tasks[0].stopped_reason == "Essential container in task exited");
    auto const& containers = seen->tasks[0].containers;
    REQUIRE(containers.size() == 4);
    CHECK(containers[0].exit_code == 137);
    CHECK(containers[0].reason == "OutOfMemoryError");
    CHECK(containers[1].exit_code == std::nullopt);
    CHECK(containers[2].exit_code == 0);
    CHECK(containers[3].exit_code == std::nullopt);
}

TEST_CASE("a task definition comes with the tags beside it") {
    scene here;
    here.parts.http.reply(200, R"({"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:eu-west-1:1:task-definition/f:12",
        "family":"f","revision":12,"status":"ACTIVE"},"tags":[{"key":"PrefectFlowId","value":"abc"},{"key":"bare"}]})");
    auto const found = here.ecs.describe_task_definition(parsed(R"({"taskDefinition":"f","include":["TAGS"]})"));
    REQUIRE(found);
    CHECK(found->arn == "arn:aws:ecs:eu-west-1:1:task-definition/f:12");
    CHECK(found->family == "f");
    CHECK(found->revision == 12);
    CHECK(found->status == "ACTIVE");
    CHECK(found->tags == std::vector<aws::tag>{{"PrefectFlowId", "abc"}, {"bare", ""}});
}

TEST_CASE("lists, clusters and stopped tasks are read; members of a wrong kind count as absent") {
    scene here;
    here.parts.http.reply(200, R"({"taskDefinitionArns":["a","b",5],"nextToken":"more"})");
    auto const list = here.ecs.list_task_definitions(json::value::object());
    REQUIRE(list);
    CHECK(list->arns == std::vector<std::string>{"a", "b"});
    CHECK(list->next_token == "more");
    here.parts.http.reply(200, R"({"clusters":[{"clusterArn":"arn:c","clusterName":"c","status":"ACTIVE"}],
        "failures":[{"arn":"arn:x","reason":"MISSING"}]})");
    auto const clusters = here.ecs.describe_clusters(json::value::object());
    REQUIRE(clusters);
    CHECK(clusters->clusters[0].name == "c");
    CHECK(clusters->failures[0].reason == "MISSING");
    here.parts.http.reply(200, R"({"task":{"taskArn":"t","desiredStatus":"STOPPED","containers":"none"}})");
    auto const stopped = here.ecs.stop_task(json::value::object());
    REQUIRE(stopped);
    CHECK(stopped->task.arn == "t");
    CHECK(stopped->task.containers.empty());
    here.parts.http.reply(200, R"({"tasks":{"taskArn":"t"},"failures":7})");
    auto const odd = here.ecs.describe_tasks(json::value::object());
    REQUIRE(odd);
    CHECK(odd->tasks.empty());
    CHECK(odd->failures.empty());
}

TEST_CASE("an answer without what was asked for is malformed, and is not asked for twice") {
    scene here;
    for (char const* const body : {"{}", R"({"taskDefinition":{}})", R"({"taskDefinition":[1]})"}) {
        here.parts.http.reply(200, body, {{"x-amzn-RequestId", "R7"}});
        auto const made = here.ecs.register_task_definition(json::value::object());
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::malformed_response);
        CHECK(made.error().http_status == 200);
        CHECK(made.error().request_id == "R7");
        CHECK(made.error().message.starts_with("ecs RegisterTaskDefinition: the answer has no taskDefinition"));
    }
    CHECK(here.parts.http.requests().size() == 3);
}

TEST_CASE("RunTask is given a client token of its own, the same for all its attempts") {
    auto options = in_ireland();
    options.random = fargate::random_bits;
    scene here{options};
    here.parts.http.reply(500, "{}")
        .reply(fargate::fail(errc::timed_out, "no answer"))
        .reply(200, "{}")
        .reply(200, "{}");
    auto const input = parsed(R"({"taskDefinition":"f:1"})");
    REQUIRE(here.ecs.run_task(input));
    REQUIRE(here.ecs.run_task(input));
    std::set<std::string> tokens;
    for (std::size_t i = 0; i != 3; ++i)
        tokens.insert(std::string{json::text_of(here.body(i), "clientToken").value_or("")});
    REQUIRE(tokens.size() == 1);
    CHECK(tokens.begin()->size() == 36);
    CHECK(json::text_of(here.body(3), "clientToken") != *tokens.begin());
    CHECK(json::text_of(here.body(3), "clientToken").has_value());
}

TEST_CASE("a client token of the caller's stays, and none is added where that is switched off") {
    scene here;
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, "{}"}; });
    REQUIRE(here.ecs.run_task(parsed(R"({"clientToken":"mine","taskDefinition":"f:1"})")));
    CHECK(here.parts.http.requests()[0].body == R"({"clientToken": "mine", "taskDefinition": "f:1"})");
    REQUIRE(here.ecs.run_task(parsed(R"({"clientToken":null,"taskDefinition":"f:1"})")));
    CHECK(json::text_of(here.body(1), "clientToken") == "00000000-0000-4000-8000-000000000000");
    REQUIRE(here.ecs.stop_task(parsed(R"({"task":"t"})")).error().code == errc::malformed_response);
    CHECK(here.parts.http.requests()[2].body == R"({"task": "t"})");

    auto options = in_ireland();
    options.client_tokens = false;
    scene without{options};
    without.parts.http.reply(200, "{}");
    REQUIRE(without.ecs.run_task(parsed(R"({"taskDefinition":"f:1"})")));
    CHECK(without.parts.http.requests()[0].body == R"({"taskDefinition": "f:1"})");
}

TEST_CASE("every operation keeps the whole answer, and of an error the request's id") {
    auto const nothing = json::value::object();
    auto const check = [&](auto const& ask) {
        scene here;
        std::string const body =
            R"({"taskDefinition":{"taskDefinitionArn":"arn:d"},"task":{"taskArn":"arn:t"},"new":[1]})";
        here.parts.http.reply(200, body);
        auto const answer = ask(here.ecs);
        REQUIRE(answer);
        CHECK(answer->raw == body);
        here.parts.http.reply(400, R"({"__type":"ClientException","message":"m"})", {{"x-amzn-RequestId", "R8"}});
        auto const refused = ask(here.ecs);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().request_id == "R8");
        here.parts.http.otherwise([](auto const&) { return http::response{200, {{"x-amzn-RequestId", "R9"}}, "[]"}; });
        auto const malformed = ask(here.ecs);
        REQUIRE_FALSE(malformed);
        CHECK(malformed.error().code == errc::malformed_response);
        CHECK(malformed.error().request_id == "R9");
        auto broken = fargate::fail(errc::connection_failed, "it broke in the middle of the body");
        broken.request_id = "R10"; // of the fields that came before
        here.parts.http.otherwise([&broken](auto const&) { return broken; });
        auto const lost = ask(here.ecs);
        REQUIRE_FALSE(lost);
        CHECK(lost.error().request_id == "R10");
    };
    check([&](auto& ecs) { return ecs.register_task_definition(nothing); });
    check([&](auto& ecs) { return ecs.deregister_task_definition(nothing); });
    check([&](auto& ecs) { return ecs.describe_task_definition(nothing); });
    check([&](auto& ecs) { return ecs.list_task_definitions(nothing); });
    check([&](auto& ecs) { return ecs.run_task(nothing); });
    check([&](auto& ecs) { return ecs.describe_tasks(nothing); });
    check([&](auto& ecs) { return ecs.list_tasks(nothing); });
    check([&](auto& ecs) { return ecs.stop_task(nothing); });
    check([&](auto& ecs) { return ecs.describe_clusters(nothing); });
}

TEST_CASE("a conflict names the tasks that the token started before") {
    scene here;
    here.parts.http.reply(400, R"({"__type":"ConflictException","message":"m","resourceIds":["arn:1","arn:2"]})");
    auto const answer = here.ecs.run_task(parsed(R"({"taskDefinition":"f:1","clientToken":"t"})"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().service_code == "ConflictException");
    CHECK(answer.error().resources == std::vector<std::string>{"arn:1", "arn:2"});
}

// Every failure of a launch, one after the other, against an ECS that does what it is told.

namespace {

/// An ECS, and the agent beside the container that hands out its key.
struct account {
    testing::fake_ecs ecs{{}, [] { return testing::manual_clock::default_start; }};

    fargate::result<http::response> send(http::request const& request) {
        if (!request.url.starts_with("http://169.254.170.2/")) return ecs.send(request);
        return http::response{
            200, {}, R"({"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "Token":"","Expiration":"2024-01-02T09:00:00Z"})"};
    }
};

template <class Retry>
struct faulty : frozen {
    using http = testing::failing_http<account>;
    using credentials = fargate::credentials::cached<fargate::credentials::container>;
    using retry = Retry;
};

/// A launch (fetch the key, register, run) whose `number`-th request is lost, or has its answer lost.
template <class Retry>
struct launch {
    using moment = typename testing::failing_http<account>::when;

    aws::parts<faulty<Retry>> parts{};
    aws::ecs<faulty<Retry>> ecs{parts, options()};

    launch(std::size_t number, errc code, moment when) {
        parts.environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/keys");
        parts.http.fail_at(number, fargate::fail(code, "lost"), when);
    }

    static aws::client_options options() {
        aws::client_options made;
        made.region = "us-east-1";
        return made;
    }

    fargate::result<std::string> run() {
        auto const registered = ecs.register_task_definition(
            *json::parse(R"({"family":"f","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc",
                "cpu":"256","memory":"512","containerDefinitions":[{"name":"flow","image":"i"}]})"));
        if (!registered) return registered.error();
        json::value input = *json::parse(R"({"cluster":"default","launchType":"FARGATE","networkConfiguration":
            {"awsvpcConfiguration":{"subnets":["subnet-1"],"securityGroups":["sg-1"]}}})");
        json::set(input, "taskDefinition", registered->arn);
        auto const ran = ecs.run_task(input);
        if (!ran) return ran.error();
        if (ran->tasks.size() != 1) return fargate::fail(errc::internal, "not one task");
        return ran->tasks[0].arn;
    }

    [[nodiscard]] testing::fake_ecs& service() { return parts.http.inner().ecs; }
};

} // namespace

TEST_CASE("a lost request or answer, whichever it is, costs a wait and nothing else") {
    using scene = launch<testing_support::steady_retry>;
    for (auto const when : {scene::moment::before, scene::moment::after}) {
        for (errc const code : {errc::connection_failed, errc::timed_out}) {
            std::size_t number = 0;
            for (;; ++number) {
                INFO(name_of(code) << " at " << number << (when == scene::moment::after ? ", after" : ", before"));
                scene here{number, code, when};
                auto const task = here.run();
                REQUIRE(task);
                CHECK(here.service().tasks_created() == 1);
                CHECK(here.service().tasks()[0].arn == *task);
                bool const doubled = when == scene::moment::after && number == 1;
                CHECK(here.service().definitions().size() == (doubled ? 2 : 1)); // registering has no token
                if (!here.parts.http.fired()) break;
                CHECK(here.parts.clock.slept().size() == 1);
            }
            CHECK(number == 3); // the key, RegisterTaskDefinition, RunTask
        }
    }
}

TEST_CASE("what must not be repeated ends the launch where it happens, with the reason") {
    using scene = launch<testing_support::steady_retry>;
    for (errc const code : {errc::untrusted_peer, errc::cancelled, errc::too_large}) {
        std::size_t number = 0;
        for (;; ++number) {
            INFO(name_of(code) << " at " << number);
            scene here{number, code, scene::moment::before};
            auto const task = here.run();
            if (!here.parts.http.fired()) {
                CHECK(task);
                break;
            }
            REQUIRE_FALSE(task);
            CHECK(task.error().code == code);
            CHECK_FALSE(task.error().retryable);
            CHECK(here.parts.http.sends() == number + 1);
            CHECK(here.service().tasks_created() == 0);
        }
        CHECK(number == 3);
    }
}

TEST_CASE("without repeats every loss after the key is the caller's to see") {
    using scene = launch<fargate::retry::never>;
    for (std::size_t const number : {1U, 2U}) {
        scene here{number, errc::connection_failed, scene::moment::after};
        auto const task = here.run();
        REQUIRE_FALSE(task);
        CHECK(task.error().code == errc::connection_failed);
        CHECK(task.error().retryable);
        CHECK(here.parts.clock.slept().empty());
        CHECK(here.service().tasks_created() == (number == 2 ? 1 : 0));
    }
}
