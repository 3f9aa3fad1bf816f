#include "demo_screen.hpp"
#include "fargate-agent/http_server.hpp"
#include "recorded_runs.hpp"

#include <fargate/agent.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace json = fargate::json;
using namespace std::chrono_literals;

/// The agent's log on standard error, or nowhere.
class demo_log {
public:
    demo_log() = default;
    explicit demo_log(bool loud) : loud_{loud} {}
    void write(fargate::log_level level, std::string_view text) {
        if (loud_) log_.write(level, text);
    }

private:
    bool loud_ = false;
    fargate::stream_log log_{stderr, {.name = "agent", .threshold = fargate::log_level::debug}};
};

/// Production's parts but for the log.
struct demo_policies : fargate::default_policies {
    using log = demo_log;
};

/// A backend with recorded flow runs and an AWS with nothing in it, both behind real HTTP.
class world {
public:
    world() {
        for (auto const& text : recorded_runs) {
            auto answer = json::parse(text);
            if (!answer) continue;
            for (auto& row : (*answer)["data"]["flow_run"]) {
                row["labels"] = {"aws"};
                rows_.push_back({.id = row["id"], .flow = row["flow"]["name"]});
                prefect_.add_flow_run(row);
            }
        }
        aws_.ecs.choose_task([](json::value const&, std::size_t number) {
            fargate::testing::task_life life;
            life.provisioning = 500ms + number * 100ms;
            life.pending = 400ms;
            life.running = 700ms + (number % 3) * 300ms;
            life.deprovisioning = 300ms;
            return life;
        });
    }

    [[nodiscard]] fargate::agent_options options() const {
        auto const key = fargate::testing::example_key();
        fargate::agent_options made;
        made.backend = fargate::prefect::backend::server;
        made.api = prefect_server_.url();
        made.labels = {"aws"};
        made.aws_access_key_id = key.id;
        made.aws_secret_access_key = key.secret_key;
        made.region_name = "us-east-1";
        made.endpoint_url = aws_server_.url();
        made.kwargs = {{"executionRoleArn", "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"},
                       {"cpu", "256"},
                       {"memory", "512"},
                       {"networkConfiguration",
                        "{'awsvpcConfiguration': {'assignPublicIp': 'ENABLED', 'subnets': ['subnet-1']}}"}};
        return made;
    }

    /// Where every run is now: what the backend says of it and, once it has a task, what ECS says of that.
    [[nodiscard]] std::vector<demo_row> look(fargate::aws::ecs<demo_policies>& ecs) {
        std::map<std::string, std::string> task_of;
        auto wanted = json::value::object();
        for (auto& row : rows_) {
            auto const state = prefect_.state(row.id);
            auto const logs = prefect_.logs(row.id);
            auto const task =
                std::find_if(logs.begin(), logs.end(), [](auto const& each) { return has_task(each.message); });
            if (task != logs.end()) {
                task_of[row.id] = task->message.substr(task->message.find("arn:"));
                wanted["tasks"].push_back(task_of[row.id]);
            } else if (state == "Failed") {
                row.state = "Failed";
                row.detail = logs.empty() ? "" : logs.back().message;
                row.bad = true;
            } else if (state == "Submitted") {
                row.state = "submitted";
            }
        }
        if (task_of.empty()) return rows_;
        auto const found = ecs.describe_tasks(wanted);
        if (!found) return rows_;
        for (auto& row : rows_) {
            for (auto const& task : found->tasks)
                if (task.arn == task_of[row.id]) show_task(row, task);
        }
        return rows_;
    }

    [[nodiscard]] fargate::testing::fake_aws const& aws() const { return aws_; }

private:
    static bool has_task(std::string_view message) {
        return message.starts_with("Submitted for execution: Task ARN: arn:");
    }

    static void show_task(demo_row& row, fargate::aws::task const& task) {
        row.state = task.last_status;
        row.detail = task.arn.substr(task.arn.size() - std::min<std::size_t>(task.arn.size(), 12));
        for (auto const& container : task.containers) {
            if (!container.exit_code || task.last_status != "STOPPED") continue;
            row.detail += ", exit code " + std::to_string(*container.exit_code);
            row.bad = *container.exit_code != 0;
        }
    }

    std::vector<demo_row> rows_;
    fargate::testing::fake_prefect prefect_;
    fargate::testing::fake_aws aws_;
    http_server prefect_server_{[this](fargate::http::request const& request) { return prefect_.send(request); }};
    http_server aws_server_{[this](fargate::http::request const& request) { return aws_.send(request); }};
};

bool is_over(demo_row const& row) { return row.state == "STOPPED" || row.state == "Failed"; }

int summary(std::vector<demo_row> const& rows, std::size_t tasks) {
    auto const count = [&](std::string_view state) {
        return static_cast<std::size_t>(
            std::count_if(rows.begin(), rows.end(), [&](auto const& row) { return row.state == state; }));
    };
    auto const stopped = count("STOPPED");
    auto const refused = count("Failed");
    bool const as_recorded =
        stopped + refused == rows.size() && tasks == stopped && refused == runs_without_image &&
        std::none_of(rows.begin(), rows.end(), [](auto const& row) { return row.state == "STOPPED" && row.bad; });
    std::printf("\n%zu flow runs: %zu became one task each and ended, %zu was refused with its reason. %s\n",
                rows.size(), stopped, refused,
                as_recorded ? "All as recorded from the original agent." : "That is not as recorded.");
    return as_recorded ? 0 : 1;
}

/// Serves a Prefect backend and AWS's ECS, S3 and tagging from this process over loopback HTTP, queues recorded flow runs,
/// runs the agent against them, and shows each run's way: a live table on a terminal, lines elsewhere or when `plain`.
/// `verbose` adds the agent's own log on standard error. Returns the exit status: 0 when every run ended as recorded.
int demo(bool plain, bool verbose) {
    std::printf("Recorded flow runs, the real agent, libcurl over loopback HTTP; no AWS account is used.\n\n");
    fargate::service::signals signals;
    world world;
    auto const options = world.options();
    fargate::curl_http::options direct;
    direct.no_proxy = "*";
    fargate::parts<demo_policies> parts{.http = fargate::curl_http{direct},
                                        .credentials = demo_policies::credentials{fargate::service::key_of(options)},
                                        .log = demo_log{verbose}};
    auto agent_options = options;
    agent_options.aws_access_key_id = agent_options.aws_secret_access_key = fargate::secret{};
    fargate::agent<demo_policies> agent{agent_options, parts};
    fargate::aws::ecs<demo_policies> ecs{parts, {.region = options.region_name, .endpoint_url = options.endpoint_url}};

    demo_screen screen{plain};
    auto rows = world.look(ecs);
    screen.show(rows);

    fargate::result<void> ended;
    std::thread worker{[&] { ended = agent.start(signals.token()); }};
    auto const deadline = parts.clock.now() + 60s;
    while (!std::all_of(rows.begin(), rows.end(), is_over) && parts.clock.now() < deadline &&
           parts.clock.sleep_for(100ms, signals.token())) {
        rows = world.look(ecs);
        screen.show(rows);
    }
    agent.stop();
    worker.join();
    if (!ended) {
        std::fprintf(stderr, "fargate-demo: %s\n", ended.error().message.c_str());
        return 1;
    }
    if (signals.received() != 0) return 128 + signals.received();
    return summary(rows, world.aws().ecs.tasks_created());
}

} // namespace

int main(int argc, char* argv[]) {
    CLI::App app{"Launches recorded flow runs against services of its own.", "fargate-demo"};
    bool plain = false;
    bool verbose = false;
    app.add_flag("--plain", plain, "print lines, even on a terminal");
    app.add_flag("--verbose", verbose, "print the agent's own log too");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& problem) {
        return app.exit(problem) == 0 ? 0 : 2;
    }
    return demo(plain, verbose);
}
