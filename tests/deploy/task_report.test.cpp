#include <fargate/deploy/task_report.hpp>

#include "support/catch.hpp"

#include <fargate/testing/ecs_task.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
namespace fake = fargate::testing;
using fargate::time_point;
using fargate::deploy::name_of;
using fargate::deploy::task_report;
using phase = task_report::phase;
using ending = task_report::ending;
using std::chrono::seconds;

namespace {

json::value document(std::string const& text, std::span<std::string_view const> wanted = {}) {
    auto read = json::parse(text, wanted);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

/// From what an agent makes of an answer: a tree of those members alone that a report takes.
task_report read_task_report(json::value const& task, std::string_view container) {
    return fargate::deploy::read_task_report(document(json::write(task), fargate::deploy::report_members), container);
}

/// A task as AWS describes one that has stopped, with these members besides.
task_report stopped(std::string const& members, std::string const& container = "flow") {
    return read_task_report(
        document(R"({"taskArn": "arn:t", "lastStatus": "STOPPED", "createdAt": 1700000000.123, )" + members + "}"),
        container);
}

/// The same for a task that never ran: its words, the flow's container's, and a sidecar's.
task_report not_started(std::string const& reason, std::string const& of_flow = "",
                        std::string const& of_sidecar = "") {
    auto task = document(R"({"taskArn": "arn:t", "lastStatus": "STOPPED", "createdAt": 1700000000.123,
        "stopCode": "TaskFailedToStart", "containers": [{"name": "side", "lastStatus": "STOPPED"},
        {"name": "flow", "lastStatus": "STOPPED"}]})");
    json::set(task, "stoppedReason", reason);
    if (!of_flow.empty()) json::set(task["containers"][1], "reason", of_flow);
    if (!of_sidecar.empty()) json::set(task["containers"][0], "reason", of_sidecar);
    return read_task_report(task, "flow");
}

/// A task of the fake ECS, with a sidecar.
fake::ecs_task task_with(fake::task_life life) {
    fake::ecs_task made;
    made.arn = "arn:aws:ecs:eu-west-1:123456789012:task/default/1";
    made.cluster = "default";
    made.request = std::make_shared<json::value const>(document(R"({"startedBy": "fleet", "overrides":
        {"containerOverrides": [{"name": "side", "environment": [{"name": "PREFECT__CONTEXT__FLOW_RUN_ID",
        "value": "not this"}]}, {"name": "flow", "environment": [{"name": "A", "value": "1"},
        {"name": "PREFECT__CONTEXT__FLOW_RUN_ID", "value": "run-1"}]}]}})"));
    auto definition = std::make_shared<fake::task_definition>();
    definition->family = "etl";
    definition->arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/etl:1";
    definition->body = document(R"({"cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "flow", "image": "i"}, {"name": "side", "image": "i"}]})");
    made.definition = definition;
    made.created = time_point{seconds{1'700'000'000}};
    made.life = std::move(life);
    return made;
}

task_report seen(fake::ecs_task const& task, seconds after) {
    return read_task_report(
        task.shown(task.created + after, "arn:aws:ecs:eu-west-1:123456789012:cluster/default", true), "flow");
}

/// How it is reported when it is over.
task_report end_of(fake::task_life life) { return seen(task_with(std::move(life)), seconds{10'000}); }

std::string shown(task_report const& report) {
    return std::string{name_of(report.end)} + (report.relaunch ? ", relaunch: " : ": ") + report.reason;
}

} // namespace

TEST_CASE("a task tells who it is, for which run it was started, and where it is in its life",
          "[deploy][task_report]") {
    auto const task = task_with({});
    auto report = seen(task, seconds{0});
    CHECK(report.task == task.arn);
    CHECK(report.cluster == "arn:aws:ecs:eu-west-1:123456789012:cluster/default");
    CHECK(report.run == "run-1");
    CHECK(report.started_by == "fleet");
    CHECK(report.at == phase::starting);
    CHECK(report.created == task.created);
    CHECK(report.started == std::nullopt);
    CHECK(seen(task, seconds{4}).at == phase::starting);
    report = seen(task, seconds{5});
    CHECK(report.at == phase::running);
    CHECK(report.started == task.created + seconds{5});
    CHECK(report.end == ending::none);
    CHECK(report.reason.empty());
    report = seen(task, seconds{16});
    CHECK(report.at == phase::running); // DEPROVISIONING
    CHECK(report.stopped == std::nullopt);
    report = seen(task, seconds{17});
    CHECK(report.at == phase::stopped);
    CHECK(report.stopped == task.created + seconds{17});
    CHECK(report.end == ending::succeeded);
    CHECK(report.exit_code == 0);
    CHECK(report.stopped_reason == "Essential container in task exited");
}

TEST_CASE("every status has its phase", "[deploy][task_report]") {
    struct row {
        char const* status;
        phase before; ///< when its containers have not run
        phase after;
    };
    auto const each = GENERATE(values<row>({
        {"PROVISIONING", phase::starting, phase::starting},
        {"PENDING", phase::starting, phase::starting},
        {"ACTIVATING", phase::starting, phase::starting},
        {"RUNNING", phase::running, phase::running},
        {"DEACTIVATING", phase::starting, phase::running},
        {"STOPPING", phase::starting, phase::running},
        {"DEPROVISIONING", phase::starting, phase::running},
        {"STOPPED", phase::stopped, phase::stopped},
        {"DELETED", phase::stopped, phase::stopped},
        {"", phase::starting, phase::running},
        {"A NEW ONE", phase::starting, phase::running},
    }));
    INFO(each.status);
    json::value task{{"lastStatus", each.status}};
    CHECK(read_task_report(task, "flow").at == each.before);
    json::set(task, "startedAt", 1.7e9);
    CHECK(read_task_report(task, "flow").at == each.after);
    CHECK(read_task_report(task, "flow").started == time_point{seconds{1'700'000'000}});
}

TEST_CASE("every end that the fake ECS knows is told from the others", "[deploy][task_report]") {
    CHECK(shown(end_of(fake::exits_with(0))) == "succeeded: container flow ended with exit code 0");
    CHECK(
        shown(end_of(fake::exits_with(1))) ==
        "failed: container flow ended with exit code 1: Essential container in task exited (EssentialContainerExited)");
    CHECK(shown(end_of(fake::never_starts())) ==
          "never_started, relaunch: the task did not start: Timeout waiting for network interface provisioning to "
          "complete. (TaskFailedToStart)");
    auto life = fake::never_starts();
    life.empty_containers = true;
    CHECK(shown(end_of(life)).substr(0, 24) == "never_started, relaunch:");
    CHECK(shown(end_of(fake::never_starts("CannotPullContainerError: manifest unknown"))) ==
          "never_started: the task did not start: CannotPullContainerError: manifest unknown (TaskFailedToStart)");
    CHECK(shown(end_of(fake::runs_out_of_memory())) ==
          "out_of_memory: out of memory (limit 512 MiB), exit code 137: Essential container in task exited; container "
          "flow: OutOfMemoryError: Container killed due to memory usage (EssentialContainerExited)");
    CHECK(shown(end_of(fake::is_interrupted())) ==
          "interrupted: AWS interrupted the task, container flow ended with exit code 143: Your Spot Task was "
          "interrupted. (SpotInterruption)");
    life = {};
    life.exit_code_lost = true;
    CHECK(shown(end_of(life)) == "unknown: the task stopped, and nothing tells how container flow ended: Essential "
                                 "container in task exited (EssentialContainerExited)");

    auto task = task_with(fake::runs_for_ever());
    task.order = fake::stop_order{task.created + seconds{60}, "the run was cancelled"};
    CHECK(shown(seen(task, seconds{100})) == "told_to_stop: the task was stopped, container flow ended with exit code "
                                             "143: the run was cancelled (UserInitiated)");
    task.order = fake::stop_order{task.created + seconds{1}, "too late"};
    CHECK(shown(seen(task, seconds{100})) == "told_to_stop: the task was stopped: too late (UserInitiated)");
}

TEST_CASE("a sidecar never decides", "[deploy][task_report]") {
    auto life = fake::exits_with(0);
    life.other_exits = {{"side", 1}};
    CHECK(end_of(life).end == ending::succeeded);
    life = fake::exits_with(1);
    life.other_exits = {{"side", 0}};
    CHECK(end_of(life).end == ending::failed);
    CHECK(end_of(life).exit_code == 1);
    // the sidecar was out of memory, and ECS killed the flow with it
    auto const both = R"("stopCode": "EssentialContainerExited", "startedAt": 1, "containers": [
        {"name": "side", "exitCode": 137, "reason": "OutOfMemoryError: side"}, {"name": "flow", "exitCode": 137}])";
    CHECK(stopped(both).end == ending::failed);
    CHECK(stopped(both, "side").end == ending::out_of_memory);
    CHECK(stopped(R"("stopCode": "EssentialContainerExited", "startedAt": 1, "containers": [
        {"name": "side", "exitCode": 0}])")
              .end == ending::unknown);
}

TEST_CASE("the first that holds is how a task ended", "[deploy][task_report]") {
    struct row {
        char const* stop_code;
        char const* flow; ///< members of the flow's container
        bool started;
        ending end;
        bool relaunch;
    };
    auto const each = GENERATE(values<row>({
        {"EssentialContainerExited", R"("exitCode": 0)", true, ending::succeeded, false},
        {"EssentialContainerExited", R"("exitCode": 0)", false, ending::succeeded, false},
        {"UserInitiated", R"("exitCode": 0)", true, ending::succeeded, false},
        {"SpotInterruption", R"("exitCode": 0)", true, ending::succeeded, false},
        {"TaskFailedToStart", R"("exitCode": 0)", false, ending::succeeded, false},
        {"", R"("exitCode": 0)", false, ending::succeeded, false},
        {"SomethingNew", R"("exitCode": 0)", true, ending::succeeded, false},

        {"EssentialContainerExited", R"("exitCode": 1)", true, ending::failed, false},
        {"TaskFailedToStart", R"("exitCode": 1)", false, ending::failed, false},
        {"SomethingNew", R"("exitCode": 1)", true, ending::failed, false},
        {"", R"("exitCode": 143)", true, ending::failed, false},
        {"EssentialContainerExited", R"("exitCode": 137)", true, ending::out_of_memory, false},
        {"EssentialContainerExited", R"("exitCode": 137, "reason": "OutOfMemoryError: x")", true, ending::out_of_memory,
         false},
        {"EssentialContainerExited", R"("reason": "OutOfMemoryError: x")", true, ending::out_of_memory, false},
        {"UserInitiated", R"("exitCode": 137, "reason": "OutOfMemoryError: x")", true, ending::out_of_memory, false},

        {"UserInitiated", R"("exitCode": 137)", true, ending::told_to_stop, false},
        {"UserInitiated", R"("exitCode": 1)", true, ending::told_to_stop, false},
        {"UserInitiated", "", true, ending::told_to_stop, false},
        {"UserInitiated", "", false, ending::told_to_stop, false},
        {"ServiceSchedulerInitiated", R"("exitCode": 143)", true, ending::told_to_stop, false},

        {"SpotInterruption", R"("exitCode": 143)", true, ending::interrupted, false},
        {"SpotInterruption", R"("exitCode": 137)", true, ending::interrupted, false},
        {"SpotInterruption", "", true, ending::interrupted, false},
        {"TerminationNotice", "", true, ending::interrupted, false},
        {"InfrastructureHealth", "", true, ending::interrupted, false},
        {"SpotInterruption", "", false, ending::never_started, true},
        {"TerminationNotice", "", false, ending::never_started, true},
        {"InfrastructureHealth", "", false, ending::never_started, true},

        {"TaskFailedToStart", "", false, ending::never_started, true},
        {"", "", false, ending::never_started, true},
        {"TaskFailedToStart", "", true, ending::unknown, false}, // it says both
        {"", "", true, ending::unknown, false},
        {"EssentialContainerExited", "", true, ending::unknown, false},
        {"EssentialContainerExited", "", false, ending::unknown, false}, // something did run
        {"SomethingNew", "", true, ending::unknown, false},
        {"SomethingNew", "", false, ending::unknown, false},
    }));
    INFO(each.stop_code << " " << each.flow << " " << each.started);
    auto const report = stopped(std::string{R"("stopCode": ")"} + each.stop_code + "\"" +
                                (each.started ? R"(, "startedAt": 1.7e9)" : "") +
                                R"(, "containers": [{"name": "side", "lastStatus": "STOPPED"}, {"name": "flow")" +
                                (*each.flow == '\0' ? "" : ", ") + each.flow + "}]");
    CHECK(name_of(report.end) == name_of(each.end));
    CHECK(report.relaunch == each.relaunch);
    CHECK_FALSE(report.reason.empty());
    CHECK(report.reason.find('\n') == std::string::npos);
}

TEST_CASE("what tells too little is unknown, and never launched again", "[deploy][task_report]") {
    // RunTask's repeated answer has nothing more than this for a task that has stopped
    auto const bare = read_task_report(
        document(R"({"taskArn": "arn:t", "lastStatus": "STOPPED", "desiredStatus": "STOPPED"})"), "flow");
    CHECK(bare.at == phase::stopped);
    CHECK(shown(bare) == "unknown: the task stopped, and nothing tells how container flow ended");
    // a container ran, and it is not known which came first
    CHECK(stopped(R"("containers": [{"name": "side", "exitCode": 1}, {"name": "flow"}])").end == ending::unknown);
    CHECK(
        stopped(R"("stopCode": "SpotInterruption", "containers": [{"name": "side", "exitCode": 1}, {"name": "flow"}])")
            .end == ending::interrupted);
    // but ECS's own word counts
    CHECK(stopped(R"("stopCode": "TaskFailedToStart", "containers": [{"name": "side", "exitCode": 1},
        {"name": "flow"}])")
              .end == ending::never_started);
    for (auto const* const odd :
         {"null", "[]", "5", "\"x\"", "{}", R"({"containers": 5, "overrides": []})",
          R"({"overrides": {"containerOverrides": [5, {"name": "flow", "environment": 5}]}})"}) {
        auto const report = read_task_report(document(odd), "flow");
        CHECK(report.at == phase::starting);
        CHECK(report.end == ending::none);
        CHECK(report.run.empty());
    }
    CHECK(stopped(R"("containers": [5, null, {"exitCode": "0"}], "attachments": [5], "stopCode": 7)").end ==
          ending::never_started);
}

TEST_CASE("a start that failed is tried again unless its reason will stay", "[deploy][task_report]") {
    struct row {
        char const* reason;
        bool relaunch;
    };
    auto const each = GENERATE(values<row>({
        // interfaces and addresses
        {"Timeout waiting for network interface provisioning to complete.", true},
        {"Timeout waiting for EphemeralStorage provisioning to complete.", true},
        {"Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in "
         "subnet "
         "'subnet-0a1b2c3d': InsufficientFreeAddressesInSubnet",
         true},
        {"Unexpected EC2 error while attempting to Create Network Interface: RequestLimitExceeded", true},
        {"Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0a1b2c3d': "
         "InvalidSubnetID.NotFound",
         false},
        {"Unexpected EC2 error while attempting to Create Network Interface: UnauthorizedOperation", false},
        {"The security group 'sg-1' does not exist", false},
        // images
        {"CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: "
         "unexpected status code https://x/y: 429 Too Many Requests",
         true},
        {"CannotPullContainerError: toomanyrequests: You have reached your pull rate limit.", true},
        {"CannotPullContainerError: inspect image has been retried 5 time(s): 503 Service Unavailable", true},
        {"CannotPullContainerError: received unexpected HTTP status: 500 Internal Server Error", true},
        {"CannotPullContainerError: Error response from daemon: Get https://x/v2/: net/http: request canceled while "
         "waiting for connection (Client.Timeout exceeded while awaiting headers)",
         true},
        {"CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout", true},
        {"CannotPullContainerError: read: connection reset by peer", true},
        {"CannotPullContainerError: Error response from daemon: manifest for x:nope not found: manifest unknown: "
         "Requested image not found",
         false},
        {"CannotPullContainerError: pull access denied for x, repository does not exist or may require 'docker login'",
         false},
        {"CannotPullContainerError: unexpected status code [manifests 1]: 403 Forbidden", false},
        {"CannotPullContainerError: invalid reference format", false},
        {"CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'", false},
        {"CannotPullContainerError: failed to extract layer: no space left on device", false},
        // secrets and logs
        {"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
         "unable to retrieve secret from asm: service call has been retried 5 time(s): RequestCanceled: request "
         "context "
         "canceled caused by: context deadline exceeded",
         true},
        {"ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: : signal: killed",
         true},
        {"ResourceInitializationError: unable to retrieve secrets from ssm: ThrottlingException: Rate exceeded", true},
        {"ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException: User is not "
         "authorized to perform: secretsmanager:GetSecretValue",
         false},
        {"ResourceInitializationError: unable to retrieve secret from asm: ResourceNotFoundException: Secrets Manager "
         "can't find the specified secret.",
         false},
        {"ResourceInitializationError: invalid ssm parameters: /x", false},
        {"ResourceInitializationError: failed to validate logger args: The specified log group does not exist.", false},
        {"ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.", false},
        {"CannotStartContainerError: Error response from daemon: OCI runtime create failed: exec: \"/bin/sh\": stat "
         "/bin/sh: no such file or directory",
         false},
        // places
        {"RESOURCE:MEMORY", true},
        {"AGENT", true},
        {"Capacity is unavailable at this time. Please try again later or in a different availability zone", true},
        {"Task failed to start", true},
        {"a reason that nobody knows", true},
        {"", true},
    }));
    INFO(each.reason);
    auto const report = not_started(each.reason);
    CHECK(report.end == ending::never_started);
    CHECK(report.relaunch == each.relaunch);
    CHECK(report.stopped_reason == each.reason);
    CHECK(report.reason.find(each.reason) != std::string::npos);
    // the words may stand at any container
    CHECK(not_started("Task failed to start", each.reason).relaunch == each.relaunch);
    CHECK(not_started("Task failed to start", "", each.reason).relaunch == each.relaunch);
}

TEST_CASE("the words of task and containers stand in one line, each once, the flow's first", "[deploy][task_report]") {
    CHECK(not_started("Task failed to start", "CannotPullContainerError: denied", "waits\nfor flow").reason ==
          "the task did not start: Task failed to start; container flow: CannotPullContainerError: denied; container "
          "side: waits for flow (TaskFailedToStart)");
    CHECK(not_started("CannotPullContainerError: denied", "CannotPullContainerError: denied").reason ==
          "the task did not start: CannotPullContainerError: denied (TaskFailedToStart)");
    CHECK(not_started("", "CannotPullContainerError: denied").reason ==
          "the task did not start: container flow: CannotPullContainerError: denied (TaskFailedToStart)");
    CHECK(not_started("").reason == "the task did not start (TaskFailedToStart)");
    CHECK(not_started(std::string(100'000, 'x')).reason.size() < 3000);
}

TEST_CASE("the subnet without addresses is told, by the words or by the task's interface", "[deploy][task_report]") {
    CHECK(not_started("in subnet 'subnet-0a1b2c3d': InsufficientFreeAddressesInSubnet").subnet == "subnet-0a1b2c3d");
    CHECK(not_started("Timeout waiting for network interface provisioning in subnet-0a1b2c3d").subnet.empty());
    auto const attached = R"("stopCode": "TaskFailedToStart", "containers": [], "attachments": [{"details": []},
        {"type": "eni", "details": [{"name": "macAddress", "value": "x"}, {"name": "subnetId", "value": "subnet-9"}]}],
        "stoppedReason": )";
    CHECK(stopped(std::string{attached} + R"("InsufficientFreeAddressesInSubnet")").subnet == "subnet-9");
    CHECK(stopped(std::string{attached} + R"("Timeout")").subnet.empty());
    CHECK(not_started("InsufficientFreeAddressesInSubnet").subnet.empty());
}

TEST_CASE("out of memory names the limit that the answer tells", "[deploy][task_report]") {
    struct row {
        char const* members;
        char const* limit;
    };
    auto const each = GENERATE(values<row>({
        {R"("memory": "512")", " (limit 512 MiB)"},
        {R"("memory": "0.5 GB")", " (limit 0.5 GB)"},
        {R"("memory": "512", "overrides": {"memory": "1024"})", " (limit 1024 MiB)"},
        {R"("memory": "512", "overrides": {"containerOverrides": [{"name": "side", "memory": 64}, {"name": "flow",
         "memory": 256}]})",
         " (limit 256 MiB)"},
        {R"("memory": "0")", ""},
        {R"("memory": "")", ""},
        {R"("cpu": "256")", ""},
    }));
    auto const report = stopped(std::string{R"("containers": [{"name": "flow", "exitCode": 137}], )"} + each.members);
    CHECK(report.reason == "out of memory" + std::string{each.limit} + ", exit code 137");
    CHECK(stopped(R"("memory": "512", "containers": [{"name": "flow", "exitCode": 137, "memory": "128"}])").reason ==
          "out of memory (limit 128 MiB), exit code 137");
}

TEST_CASE("endings have stable names", "[deploy][task_report]") {
    std::string all;
    for (auto const each : {ending::none, ending::succeeded, ending::failed, ending::never_started,
                            ending::out_of_memory, ending::interrupted, ending::told_to_stop, ending::unknown})
        all.append(name_of(each)).append(" ");
    CHECK(all == "none succeeded failed never_started out_of_memory interrupted told_to_stop unknown ");
}
