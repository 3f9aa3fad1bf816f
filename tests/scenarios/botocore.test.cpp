#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

// botocore_config concerns ECS and tagging, and neither Prefect's API nor S3.

using namespace fargate;
using testing_support::fake_world;
using testing_support::usual;
namespace fakes = fargate::testing;

namespace {

/// A request and what the policy that sent it had been told.
struct sending {
    http::request request;
    http::connection_options told;

    [[nodiscard]] bool is_aws() const { return request.headers.find("X-Amz-Target").has_value(); }
    [[nodiscard]] std::string field(std::string_view name) const { return std::string{request.headers.value_of(name)}; }
};

struct listening_http {
    fake_world* world = nullptr;
    std::vector<sending>* sent = nullptr;
    http::connection_options told{};

    result<http::response> send(http::request const& request) const {
        sent->push_back({request, told});
        if (!request.headers.find("X-Amz-Target") && request.url.find("bucket") != std::string::npos)
            return http::response{200, {}, "{}"};
        return world->send(request);
    }
    [[nodiscard]] listening_http with(http::connection_options const& more) const { return {world, sent, more}; }
};

struct listening_policies : testing_support::world_policies {
    using http = listening_http;
};

json::value parsed(std::string_view text) {
    auto made = json::parse(text);
    REQUIRE(made);
    return *std::move(made);
}

/// An agent with one run to launch, and everything that was sent.
struct scene {
    fake_world world{};
    std::vector<sending> sent{};
    agent_options options = usual(2);
    fargate::parts<listening_policies> parts{
        .http = listening_http{&world, &sent},
        .credentials = credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
        .clock = testing_support::world_clock{&world.clock}};

    explicit scene(json::value botocore) {
        world.queue("docker_local_environment");
        options.botocore_config = std::move(botocore);
        options.enable_task_revisions = true;
        options.use_external_kwargs = true;
        options.external_kwargs_s3_bucket = "bucket";
        options.external_kwargs_s3_key = "kwargs";
    }

    result<void> start() {
        agent<listening_policies> lives{options, parts};
        return lives.start();
    }

    /// Puts a newer version of the run's flow into ECS, so that the agent has to search for the run's own by tags.
    void outdate() {
        scene before{json::value(nullptr)};
        REQUIRE(before.start());
        REQUIRE(before.asked("RegisterTaskDefinition").size() == 1);
        auto definition = parsed(before.asked("RegisterTaskDefinition")[0].request.body);
        for (auto& tag : definition["tags"])
            tag["value"] = json::text_of(tag, "key") == "PrefectFlowVersion" ? "99" : "another";
        aws::ecs<listening_policies> ecs{parts, service::aws_options(options, parts.environment)};
        REQUIRE(ecs.register_task_definition(definition));
        sent.clear();
    }

    /// Requests to AWS whose target has that operation.
    [[nodiscard]] std::vector<sending> asked(std::string_view operation) const {
        std::vector<sending> made;
        for (auto const& each : sent)
            if (text::contains(each.field("X-Amz-Target"), operation)) made.push_back(each);
        return made;
    }

    /// How often S3 was asked for a flow's own arguments.
    [[nodiscard]] std::size_t objects_asked() const {
        std::size_t count = 0;
        for (auto const& each : sent) count += text::contains(each.request.url, "/kwargs/") ? 1 : 0;
        return count;
    }
};

} // namespace

TEST_CASE("botocore_config's names are in the User-Agent of ECS and tagging, and in no other") {
    scene here{parsed(R"({"user_agent": "mine/1", "user_agent_extra": "nightly"})")};
    here.outdate();
    REQUIRE(here.start());
    CHECK(here.objects_asked() == 1);
    CHECK(here.world.aws.ecs.tasks_created() == 1);
    CHECK_FALSE(here.asked("GetResources").empty());
    CHECK_FALSE(here.asked("RunTask").empty());
    std::size_t others = 0;
    for (auto const& each : here.sent) {
        INFO(each.request.url);
        bool const named = each.field("User-Agent") == "mine/1 nightly";
        CHECK(named == each.is_aws());
        others += each.is_aws() ? 0 : 1;
    }
    CHECK(others > 2);
}

TEST_CASE("botocore_config's connections are those of ECS and tagging, and of no other") {
    scene here{parsed(R"({"proxies": {"https": "http://proxy:3128"}, "tcp_keepalive": true})")};
    here.outdate();
    REQUIRE(here.start());
    CHECK(here.objects_asked() == 1);
    CHECK_FALSE(here.asked("GetResources").empty());
    CHECK_FALSE(here.asked("RunTask").empty());
    for (auto const& each : here.sent) {
        INFO(each.request.url);
        CHECK(each.told.proxies.has_value() == each.is_aws());
        if (each.is_aws()) CHECK(each.told.proxies->https == "http://proxy:3128");
    }
}

TEST_CASE("botocore_config's timeouts are those of ECS and tagging, and of no other") {
    scene here{parsed(R"({"connect_timeout": 7, "read_timeout": null})")};
    REQUIRE(here.start());
    CHECK(here.objects_asked() == 1);
    CHECK_FALSE(here.asked("RunTask").empty());
    for (auto const& each : here.sent) {
        INFO(each.request.url);
        CHECK((each.request.limits.connect == std::chrono::seconds{7}) == each.is_aws());
        CHECK((each.request.limits.idle == std::chrono::seconds{0}) == each.is_aws());
    }
}

TEST_CASE("botocore_config's repeats are those of ECS and tagging, and of no other") {
    struct story {
        char const* retries;
        std::size_t attempts;
    };
    auto const each = GENERATE(values<story>({{"{}", 3},
                                              {R"({"total_max_attempts": 2})", 2},
                                              {R"({"max_attempts": 0})", 1},
                                              {R"({"mode": "legacy"})", 5},
                                              {R"({"mode": "legacy", "max_attempts": 1})", 2},
                                              {R"({"mode": "adaptive"})", 3}}));
    INFO(each.retries);
    scene here{json::value{{"retries", parsed(each.retries)}}};
    here.options.max_polls = 1;
    here.world.aws.ecs.faults().fail_next("RegisterTaskDefinition", 50, fakes::answered(500));
    REQUIRE(here.start());
    auto const asked = here.asked("RegisterTaskDefinition");
    REQUIRE(asked.size() == each.attempts);
    for (std::size_t i = 0; i != asked.size(); ++i)
        CHECK(asked[i].field("amz-sdk-request") ==
              "attempt=" + std::to_string(i + 1) + "; max=" + std::to_string(each.attempts));
    CHECK(here.parts.retry.max_attempts() == 3);
}

TEST_CASE("adaptive repeats hold back what is sent after a throttling") {
    scene here{parsed(R"({"retries": {"mode": "adaptive", "total_max_attempts": 8}})")};
    here.world.aws.ecs.faults().fail_next(
        "RunTask", 6, fakes::answered(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})"));
    REQUIRE(here.start());
    CHECK(here.world.aws.ecs.tasks_created() == 1);
    CHECK(here.asked("RunTask").size() == 7);
}

TEST_CASE("botocore_config chooses the region only where no argument does") {
    scene here{parsed(R"({"region_name": "eu-west-1"})")};
    here.options.region_name.clear();
    REQUIRE_FALSE(here.parts.environment.variable("AWS_REGION"));
    REQUIRE(here.start());
    CHECK_FALSE(here.asked("EC2ContainerService").empty());
    for (auto const& each : here.asked("EC2ContainerService"))
        CHECK(each.request.url == "https://ecs.eu-west-1.amazonaws.com/");
    CHECK(here.objects_asked() == 1);

    scene there{parsed(R"({"region_name": "eu-west-1"})")};
    REQUIRE(there.start());
    CHECK_FALSE(there.asked("RunTask").empty());
    for (auto const& each : there.asked("RunTask")) CHECK(each.request.url == "https://ecs.us-east-1.amazonaws.com/");
}

TEST_CASE("botocore_config may be text, Python's or JSON's, in the options or in the environment") {
    for (auto const* const text :
         {R"({"user_agent": "mine/1", "proxies": null})", "{'user_agent': 'mine/1', 'proxies': None}"}) {
        scene here{json::value(text)};
        REQUIRE(here.start());
        REQUIRE_FALSE(here.asked("RunTask").empty());
        CHECK(here.asked("RunTask")[0].field("User-Agent") == "mine/1");

        scene there{json::value(nullptr)};
        there.parts.environment.set("botocore_config", text);
        REQUIRE(there.start());
        REQUIRE_FALSE(there.asked("RunTask").empty());
        CHECK(there.asked("RunTask")[0].field("User-Agent") == "mine/1");
    }
}

TEST_CASE("a wrong botocore_config stops the agent before anything is sent, with one line") {
    struct story {
        json::value given;
        char const* message;
    };
    auto const each = GENERATE(
        values<story>({{json::value("{'user_agent': "),
                        "botocore_config must be an object: its text is neither a Python literal nor JSON"},
                       {json::value("[1]"), "botocore_config must be an object, not a list"},
                       {json::value(5), "botocore_config must be an object, not a whole number"},
                       {json::value("{'retries': {'max_attempts': -1}}"),
                        "botocore_config.retries.max_attempts must be a whole number of at least 0, not -1"}}));
    scene here{each.given};
    auto const started = here.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().code == errc::bad_configuration);
    CHECK(started.error().message == each.message);
    CHECK(here.sent.empty());
}

TEST_CASE("what botocore_config says in vain is said once in the agent's log") {
    scene here{parsed(R"({"inject_host_prefix": false})")};
    REQUIRE(here.start());
    CHECK(here.parts.log.count("botocore_config.inject_host_prefix is ignored") == 1);
}
