#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"
#include "support/http_text.hpp"

using namespace fargate;
using testing_support::fake_world;
using testing_support::usual;
using testing_support::world_clock;
namespace fakes = fargate::testing;

namespace {

/// libcurl on real sockets, and a clock that takes no time.
struct socket_policies : testing_support::world_policies {
    using http = curl_http;
};

/// A user's own pair of policies; it ends every wait of the agent it serves.
struct poking_http {
    fake_world* world = nullptr;
    std::function<void()> poke{};
    auto send(http::request const& request) const {
        if (poke) poke();
        return world->send(request);
    }
};

struct my_credentials {
    template <class Http, class Clock, class Environment>
    result<credentials::access_key> fetch(Http&, Clock&, Environment const&) const {
        credentials::access_key key;
        key.id = fakes::example_key().id;
        key.secret_key = fakes::example_key().secret_key;
        return key;
    }
};

/// Tells every request before the world has it.
struct telling_http {
    fake_world* world = nullptr;
    std::string* told = nullptr;
    auto send(http::request const& request) const {
        *told += request.method + " " + request.url + "\n" + request.body + "\n";
        return world->send(request);
    }
};

struct telling_policies : testing_support::world_policies {
    using http = telling_http;
};

/// All that an agent with these variables sends, and all that it logs, while it launches a run.
std::string life_with(fakes::map_environment::map const& variables) {
    fake_world world;
    world.queue("docker_local_environment");
    std::string told;
    parts<telling_policies> parts{.http = telling_http{&world, &told},
                                  .credentials =
                                      credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
                                  .clock = world_clock{&world.clock},
                                  .environment = fakes::map_environment{variables}};
    auto options = usual(2);
    options.idempotent = true; // without, each life has random tokens
    agent<telling_policies> agent{std::move(options), parts};
    REQUIRE(agent.start());
    CHECK(world.aws.ecs.tasks_created() == 1);
    return told + parts.log.text();
}

} // namespace

TEST_CASE("1.2: cloud.graphql, cloud.diagnostics, cloud.queue_interval and logging.log_to_cloud change nothing") {
    auto const usual_life = life_with({});
    CHECK(usual_life.find("POST http://localhost:4200/\n") != std::string::npos);
    for (auto const& [name, value] :
         fakes::map_environment::map{{"PREFECT__CLOUD__GRAPHQL", "http://elsewhere:1/graphql"},
                                     {"PREFECT__CLOUD__DIAGNOSTICS", "true"},
                                     {"PREFECT__CLOUD__QUEUE_INTERVAL", "600"},
                                     {"PREFECT__LOGGING__LOG_TO_CLOUD", "false"}}) {
        INFO(name);
        CHECK(life_with({{name, value}}) == usual_life);
    }
    CHECK(life_with({{"PREFECT__CLOUD__AGENT__NAME", "another"}}) != usual_life);
}

TEST_CASE("an answer past the size limit is refused at its head, said once, and loses nothing") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    int oversized = 3;
    testing_support::loopback server{[&](testing_support::loopback::peer& peer) {
        while (auto const bytes = peer.request()) {
            auto const request = testing_support::read_request(*bytes);
            bool const poll = request.body.find("get_runs_in_queue") != std::string::npos;
            if (poll && oversized-- > 0) {
                (void)peer.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{");
                return peer.stall();
            }
            auto const answer = world.send(request);
            if (!answer || !peer.send(testing_support::write_response(*answer))) return;
        }
    }};
    auto options = usual(8);
    options.api = options.endpoint_url = server.url("");
    curl_http::options direct;
    direct.no_proxy = "*";
    parts<socket_policies> parts{.http = curl_http{direct},
                                 .credentials =
                                     credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
                                 .clock = world_clock{&world.clock}};
    agent<socket_policies> agent{options, parts};
    REQUIRE(agent.start());
    INFO(parts.log.text());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(parts.log.count(log_level::error) == 1);
    CHECK(parts.log.contains("longer than"));
    CHECK(agent.health().failed_polls == 3);
}

TEST_CASE("a program that replaces HTTP and credentials alone writes agent<policies<Http, Credentials>>") {
    using mine = policies<poking_http, my_credentials>;
    fake_world world;
    world.clock.set(system_clock{}.now());
    auto const id = world.queue("docker_local_environment");
    parts<mine> parts{.http = {&world, {}}, .log = stream_log{stdout, {.threshold = log_level::critical}}};
    agent<mine> agent{usual(2), parts};
    parts.http.poke = [&] { agent.poke(); };
    REQUIRE(agent.start());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
}
