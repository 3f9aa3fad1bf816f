// Runs one Fargate task and prints its ARN; with --wait, stays until it has stopped and exits as its containers did.
//
//     run_task_once CLUSTER TASK_DEFINITION SUBNET[,SUBNET...] [--security-groups SG[,SG...]] [--public-ip] [--wait]
//
// Region, credentials and endpoint come from where every AWS tool takes them: the environment and the shared files.

#include <fargate/aws.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aws = fargate::aws;
namespace json = fargate::json;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view usage = "usage: run_task_once CLUSTER TASK_DEFINITION SUBNET[,SUBNET...] "
                                   "[--security-groups SG[,SG...]] [--public-ip] [--wait]\n";

struct arguments {
    std::string cluster{};
    std::string task_definition{};
    json::value subnets = json::value::array();
    json::value security_groups = json::value::array();
    bool public_ip = false;
    bool wait = false;
};

json::value comma_separated(std::string_view text) {
    json::value list = json::value::array();
    while (!text.empty()) {
        auto const item = text.substr(0, text.find(','));
        if (!item.empty()) list.push_back(std::string{item});
        text.remove_prefix(std::min(text.size(), item.size() + 1));
    }
    return list;
}

std::optional<arguments> parse(std::vector<std::string_view> const& words) {
    arguments made;
    std::vector<std::string_view> positional;
    for (std::size_t i = 0; i != words.size(); ++i) {
        if (words[i] == "--wait") {
            made.wait = true;
        } else if (words[i] == "--public-ip") {
            made.public_ip = true;
        } else if (words[i] == "--security-groups" && i + 1 != words.size()) {
            made.security_groups = comma_separated(words[++i]);
        } else if (words[i].starts_with('-')) {
            return std::nullopt;
        } else {
            positional.push_back(words[i]);
        }
    }
    if (positional.size() != 3) return std::nullopt;
    made.cluster = positional[0];
    made.task_definition = positional[1];
    made.subnets = comma_separated(positional[2]);
    return made.subnets.empty() ? std::nullopt : std::optional{made};
}

int complain(std::string_view what) {
    std::fprintf(stderr, "run_task_once: %.*s\n", static_cast<int>(what.size()), what.data());
    return 1;
}

/// Follows a task until it has stopped. ECS may not know a new task for a while; that is not its end.
int wait_for(aws::parts<>& parts, aws::ecs<>& ecs, arguments const& asked, std::string const& arn) {
    std::string shown;
    for (int unknown = 0; unknown != 10;) {
        auto const seen = ecs.describe_tasks({{"cluster", asked.cluster}, {"tasks", {arn}}});
        if (!seen) return complain(seen.error().message);
        if (seen->tasks.empty()) {
            ++unknown;
        } else {
            aws::task const& task = seen->tasks.front();
            if (task.last_status != shown) std::printf("%s\n", (shown = task.last_status).c_str());
            std::fflush(stdout);
            if (task.last_status == "STOPPED") {
                bool good = !task.containers.empty();
                for (auto const& each : task.containers) {
                    std::string end = each.exit_code ? "exit code " + std::to_string(*each.exit_code) : "no exit code";
                    if (!each.reason.empty()) end += ", " + each.reason;
                    std::printf("%s: %s\n", each.name.c_str(), end.c_str());
                    good = good && each.exit_code == 0;
                }
                return good ? 0 : complain("the task failed: " + task.stopped_reason);
            }
        }
        parts.clock.sleep_for(3s, {});
    }
    return complain("ECS does not know the task");
}

} // namespace

int main(int count, char* words[]) {
    auto const asked = parse({words + 1, words + count});
    if (!asked) {
        std::fputs(usage.data(), stderr);
        return 2;
    }

    aws::parts<> parts;
    aws::ecs<> ecs{parts};
    auto const ran = ecs.run_task({
        {"cluster", asked->cluster},
        {"taskDefinition", asked->task_definition},
        {"launchType", "FARGATE"},
        {"count", 1},
        {"networkConfiguration",
         {{"awsvpcConfiguration",
           {{"subnets", asked->subnets},
            {"securityGroups", asked->security_groups},
            {"assignPublicIp", asked->public_ip ? "ENABLED" : "DISABLED"}}}}},
    });
    if (!ran) return complain(ran.error().message);
    if (ran->tasks.empty())
        return complain(ran->failures.empty() ? "ECS started nothing" : "ECS: " + ran->failures.front().reason);

    std::string const& arn = ran->tasks.front().arn;
    std::printf("%s\n", arn.c_str());
    return asked->wait ? wait_for(parts, ecs, *asked, arn) : 0;
}
