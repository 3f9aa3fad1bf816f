#include <fargate/aws.hpp>

#include "peers/peers.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

// The real wire against another's services: moto's ECS, S3 and tagging, and objects that boto3 put there. tests/peers/run.py
// starts them, prepares the account and runs this program; started alone, it says so and does nothing.
//
// What moto leaves out (it is no judge of these): client tokens, failures[], MISSING, life cycles. The fakes have them.

namespace aws = fargate::aws;
namespace json = fargate::json;
using peers::every_byte;
using peers::variable;
using peers::why;

namespace {

/// moto's account, through libcurl, with everything that a program uses by default but for the key.
struct account {
    aws::parts<> parts{};

    static aws::client_options options() {
        aws::client_options made;
        made.region = "eu-west-1";
        made.endpoint_url = variable("FARGATE_MOTO_ENDPOINT");
        return made;
    }
};

bool there_is_moto() { return peers::there_is("FARGATE_MOTO_ENDPOINT"); }

} // namespace

TEST_CASE("moto takes a task through Register, Run, Describe, Stop") {
    if (!there_is_moto()) return;
    account here;
    aws::ecs<> ecs{here.parts, account::options()};

    auto const clusters = ecs.describe_clusters({{"clusters", {"fargate-peers"}}});
    INFO(why(clusters));
    REQUIRE(clusters);
    REQUIRE(clusters->clusters.size() == 1); // boto3 made it
    CHECK(clusters->clusters[0].status == "ACTIVE");

    json::value const definition = {
        {"family", "fargate-peers"},
        {"requiresCompatibilities", {"FARGATE"}},
        {"networkMode", "awsvpc"},
        {"cpu", "256"},
        {"memory", "512"},
        {"containerDefinitions",
         {{{"name", "flow"},
           {"image", "prefecthq/prefect:all_extras"},
           {"memory", 512},
           {"essential", true},
           {"environment", {{{"name", "ODD"}, {"value", "\xC3\xBC \"q\" \\ \n"}}}}}}},
        {"tags", {{{"key", "PrefectFlowId"}, {"value", "abc"}}}},
    };
    auto const registered = ecs.register_task_definition(definition);
    INFO(why(registered));
    REQUIRE(registered);
    CHECK(registered->family == "fargate-peers");
    CHECK(registered->status == "ACTIVE");
    auto const described = ecs.describe_task_definition({{"taskDefinition", registered->arn}, {"include", {"TAGS"}}});
    INFO(why(described));
    REQUIRE(described);
    CHECK(described->arn == registered->arn);
    CHECK(described->revision == registered->revision);
    CHECK(described->tags == std::vector<aws::tag>{{"PrefectFlowId", "abc"}});
    auto const answer = json::parse(described->raw);
    REQUIRE(answer);
    auto const* const inner = json::object_of(*answer, "taskDefinition");
    REQUIRE(inner != nullptr);
    auto const& back = (*json::array_of(*inner, "containerDefinitions"))[0];
    CHECK(json::text_of((*json::array_of(back, "environment"))[0], "value") == "\xC3\xBC \"q\" \\ \n");

    auto const listed = ecs.list_task_definitions({{"familyPrefix", "fargate-peers"}});
    INFO(why(listed));
    REQUIRE(listed);
    CHECK(listed->arns == std::vector<std::string>{registered->arn});

    auto const ran = ecs.run_task({
        {"cluster", "fargate-peers"},
        {"taskDefinition", registered->arn},
        {"launchType", "FARGATE"},
        {"networkConfiguration",
         {{"awsvpcConfiguration",
           {{"subnets", {variable("FARGATE_MOTO_SUBNET")}}, {"securityGroups", {variable("FARGATE_MOTO_GROUP")}}}}}},
        {"overrides", {{"containerOverrides", {{{"name", "flow"}, {"command", {"true"}}}}}}},
    });
    INFO(why(ran));
    REQUIRE(ran);
    REQUIRE(ran->tasks.size() == 1);
    std::string const task = ran->tasks[0].arn;
    CHECK(ran->tasks[0].definition_arn == registered->arn);

    auto const tasks = ecs.list_tasks({{"cluster", "fargate-peers"}});
    INFO(why(tasks));
    REQUIRE(tasks);
    CHECK(tasks->arns == std::vector<std::string>{task});
    auto const running = ecs.describe_tasks({{"cluster", "fargate-peers"}, {"tasks", {task}}});
    INFO(why(running));
    REQUIRE(running);
    REQUIRE(running->tasks.size() == 1);
    CHECK_FALSE(running->tasks[0].last_status.empty()); // moto's tasks hurry on by themselves

    auto const stopped = ecs.stop_task({{"cluster", "fargate-peers"}, {"task", task}, {"reason", "seen enough"}});
    INFO(why(stopped));
    REQUIRE(stopped);
    CHECK(stopped->task.arn == task);
    auto const after = ecs.describe_tasks({{"cluster", "fargate-peers"}, {"tasks", {task}}});
    INFO(why(after));
    REQUIRE(after);
    REQUIRE(after->tasks.size() == 1);
    CHECK(after->tasks[0].last_status == "STOPPED");
    CHECK(after->tasks[0].stopped_reason == "seen enough");

    auto const gone = ecs.deregister_task_definition({{"taskDefinition", registered->arn}});
    INFO(why(gone));
    REQUIRE(gone);
    CHECK(gone->status == "INACTIVE");
}

TEST_CASE("moto's errors are read") {
    if (!there_is_moto()) return;
    account here;
    aws::ecs<> ecs{here.parts, account::options()};
    auto const answer = ecs.list_tasks({{"cluster", "no-such-cluster"}});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == fargate::errc::service_error);
    CHECK(answer.error().service_code == "ClusterNotFoundException");
    CHECK(answer.error().http_status == 400);
    aws::s3<> s3{here.parts, account::options()};
    auto const missing = s3.get_object({.bucket = "fargate-peers", .key = "no such key"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == fargate::errc::not_found);
    CHECK(missing.error().service_code == "NoSuchKey");
    auto const no_head = s3.head_object({.bucket = "fargate-peers", .key = "no such key"});
    REQUIRE_FALSE(no_head);
    CHECK(no_head.error().code == fargate::errc::not_found);
}

TEST_CASE("objects that boto3 put under odd keys come back byte for byte") {
    if (!there_is_moto()) return;
    account here;
    aws::s3<> s3{here.parts, account::options()};
    // The keys and bodies that peer_moto.py puts.
    for (std::string const& key : {std::string{"plain.json"}, std::string{"a b+c&d=e?.txt"}, std::string{"dir//x"},
                                   std::string{"\xC3\xBCn\xC3\xAF"
                                               "code/\xE1\x88\xB4.txt"},
                                   std::string{"pct%20lit"}, std::string{"star*(paren)!'"}, std::string{"$@:,;"},
                                   std::string{"trailing/"}, std::string{"tilde~-._"}}) {
        INFO(key);
        auto const got = s3.get_object({.bucket = "fargate-peers", .key = key});
        INFO(why(got));
        REQUIRE(got);
        CHECK(got->body == key + "\n" + every_byte());
        auto const head = s3.head_object({.bucket = "fargate-peers", .key = key});
        INFO(why(head));
        REQUIRE(head);
        CHECK(head->size == got->body.size());
        CHECK(head->etag == got->etag);
        CHECK(head->body.empty());
    }
    auto const part = s3.get_object({.bucket = "fargate-peers", .key = "plain.json", .range = "bytes=0-4"});
    INFO(why(part));
    REQUIRE(part);
    CHECK(part->body == "plain");
    auto const unchanged = s3.get_object({.bucket = "fargate-peers", .key = "plain.json", .if_none_match = part->etag});
    REQUIRE_FALSE(unchanged);
    CHECK(unchanged.error().http_status == 304);
}

TEST_CASE("GetResources walks moto's pages") {
    if (!there_is_moto()) return;
    account here;
    aws::tagging<> tagging{here.parts, account::options()};
    json::value const question = {{"TagFilters", {{{"Key", "fargate-peers"}, {"Values", {"yes"}}}}},
                                  {"ResourcesPerPage", 1}};
    auto const found = tagging.all_resources(question);
    INFO(why(found));
    REQUIRE(found);
    CHECK(found->size() == 2); // the bucket and the cluster
    for (auto const& each : *found) {
        CHECK(each.arn.starts_with("arn:aws:"));
        CHECK(each.tags == std::vector<aws::tag>{{"fargate-peers", "yes"}});
    }
}
