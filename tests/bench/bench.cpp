// What one signature, one signed call and one launched flow run cost here, each beside a floor that is measured in the same
// run, and what the idle agent holds. Prints a table in Markdown.
//
// usage: bench PROGRAM [--quick]      PROGRAM is fargate-agent

#include "support/http_text.hpp"
#include "support/vectors.hpp"

#include <fargate/agent.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vector>

using namespace fargate;
namespace fakes = fargate::testing;

namespace {

int rounds = 15;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Work>
double cpu_of(int times, Work const& work) {
    double const began = cpu_seconds();
    for (int i = 0; i != times; ++i) work();
    return (cpu_seconds() - began) / times;
}

struct compared {
    double ours;  ///< median, CPU seconds
    double floor; ///< median, CPU seconds
    double ratio; ///< median of the ratios of rounds that were neighbours
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Runs both in turn, so that a machine that changes its speed changes both.
template <class Ours, class Floor>
compared compare(int times, Ours const& ours, Floor const& floor) {
    std::vector<double> left;
    std::vector<double> right;
    std::vector<double> ratios;
    (void)cpu_of(times / 4 + 1, ours);
    (void)cpu_of(times / 4 + 1, floor);
    for (int i = 0; i != rounds; ++i) {
        left.push_back(cpu_of(times, ours));
        right.push_back(cpu_of(times, floor));
        ratios.push_back(left.back() / right.back());
    }
    return {median(left), median(right), median(ratios)};
}

// One signature.

compared signatures() {
    std::string const body(1500, 'b');
    std::string const token(1000, 't');
    std::array const headers{
        sigv4::header_view{"Content-Type", "application/x-amz-json-1.1"},
        sigv4::header_view{"Host", "ecs.us-east-1.amazonaws.com"},
        sigv4::header_view{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RunTask"},
    };
    sigv4::request_view const request{"POST", "/", "", headers, body};
    sigv4::key_view const key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, 1};
    sigv4::scope const scope{"us-east-1", "ecs"};
    sigv4::signing_key_cache cache;
    crypto::openssl_hash const hash;
    text::instant const now{std::chrono::seconds{1'704'164'645}};
    std::size_t signed_bytes = 0;
    auto const ours = [&] {
        auto const made = sigv4::sign(request, key, scope, now, sigv4::settings{}, &cache, hash);
        signed_bytes += made ? 1 : 0;
    };
    std::string const canonical(1300, 'c');
    std::string const to_sign(137, 's');
    std::string const signing_key(32, 'k');
    auto const floor = [&] {
        signed_bytes += hash.sha256(body)[0];
        signed_bytes += hash.sha256(canonical)[0];
        signed_bytes += hash.hmac_sha256(signing_key, to_sign)[0];
    };
    auto const made = compare(4000, ours, floor);
    if (signed_bytes == 0) std::abort();
    return made;
}

// One signed call over loopback.

std::string run_task_answer() {
    std::string tasks;
    for (int i = 0; i != 3; ++i)
        tasks +=
            std::string{i == 0 ? "" : ", "} +
            R"({"attachments": [{"id": "e1", "type": "ElasticNetworkInterface", "status": "PRECREATED", "details": [{"name":
                 "subnetId", "value": "subnet-0123456789abcdef0"}]}], "availabilityZone": "us-east-1a", "clusterArn":
                 "arn:aws:ecs:us-east-1:123456789012:cluster/default", "containers": [{"name": "flow", "lastStatus": "PENDING",
                 "image": "prefecthq/prefect:0.13.19", "cpu": "0"}], "cpu": "256", "memory": "512", "lastStatus":
                 "PROVISIONING", "desiredStatus": "RUNNING", "launchType": "FARGATE", "taskArn":
                 "arn:aws:ecs:us-east-1:123456789012:task/default/0123456789abcdef0123456789abcdef", "version": 1})";
    return R"({"failures": [], "tasks": [)" + tasks + "]}";
}

struct call_policies : aws::default_policies {
    using credentials = fargate::credentials::fixed;
};

compared calls() {
    testing_support::loopback server{
        testing_support::write_response({200, {{"Content-Type", "application/x-amz-json-1.1"}}, run_task_answer()})};
    aws::parts<call_policies> parts{.credentials =
                                        credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key}};
    aws::ecs<call_policies> ecs{parts, {.region = "us-east-1", .endpoint_url = server.url("")}};
    json::value const input{{"taskDefinition", "prefect-task-a718df81"},
                            {"launchType", "FARGATE"},
                            {"clientToken", "t"},
                            {"group", std::string(1200, 'g')}};
    auto const ours = [&] {
        auto const answer = ecs.run_task(input);
        if (!answer) std::fprintf(stderr, "%s\n", answer.error().message.c_str()), std::exit(1);
    };

    CURL* const handle = curl_easy_init();
    std::string const body = json::write(input);
    std::string received;
    curl_slist* fields = curl_slist_append(nullptr, "Content-Type: application/x-amz-json-1.1");
    std::size_t (*const take)(char*, std::size_t, std::size_t, void*) = [](char* bytes, std::size_t, std::size_t count,
                                                                           void* to) {
        static_cast<std::string*>(to)->append(bytes, count);
        return count;
    };
    std::string const url = server.url("/");
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
    auto const floor = [&] {
        received.clear();
        if (curl_easy_perform(handle) != CURLE_OK) std::abort();
    };
    auto const made = compare(200, ours, floor);
    curl_slist_free_all(fields);
    curl_easy_cleanup(handle);
    return made;
}

// Launches against the fakes.

struct fake_door {
    fakes::fake_prefect* prefect = nullptr;
    fakes::fake_aws* aws = nullptr;
    auto send(http::request const& request) const {
        return request.headers.find("X-Amz-Target") ? aws->send(request) : prefect->send(request);
    }
};

struct shared_clock {
    fakes::manual_clock* clock = nullptr;
    [[nodiscard]] time_point now() const { return clock->now(); }
    bool sleep_for(duration time, std::stop_token stop) const { return clock->sleep_for(time, std::move(stop)); }
};

struct fake_policies : default_policies {
    using http = fake_door;
    using credentials = fargate::credentials::fixed;
    using clock = shared_clock;
    using environment = fakes::map_environment;
    using log = null_log;
    using executor = inline_executor;
};

double launches_a_second(std::size_t runs) {
    fakes::manual_clock clock;
    fakes::fake_prefect prefect{{}, fakes::time_of(clock)};
    fakes::fake_aws aws{{}, fakes::time_of(clock)};
    auto const recorded = testing_support::load("prefect1/flow_run_environment_metadata_image.json");
    json::value row = recorded["data"]["flow_run"][0];
    for (std::size_t i = 0; i != runs; ++i) {
        std::string id = std::to_string(100'000'000'000 + i);
        row["id"] = "91d3f5b7-2e4c-4a60-8b9d-" + id;
        prefect.add_flow_run(row);
    }
    parts<fake_policies> parts{.http = {&prefect, &aws},
                               .credentials =
                                   credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
                               .clock = {&clock}};
    agent<fake_policies> agent{
        {.backend = prefect::backend::server,
         .max_polls = static_cast<std::int64_t>(runs / 25 + 1),
         .region_name = "us-east-1",
         .kwargs = {{"cpu", "256"},
                    {"memory", "512"},
                    {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"subnet-1"}}}}}}}},
        parts};
    double const began = cpu_seconds();
    auto const ended = agent.start();
    double const used = cpu_seconds() - began;
    if (!ended || aws.ecs.tasks_created() != runs) {
        std::fprintf(stderr, "%zu of %zu runs were launched\n", aws.ecs.tasks_created(), runs);
        std::exit(1);
    }
    return static_cast<double>(runs) / used;
}

// The idle agent.

long resident_kib(char const* program) {
    fakes::fake_prefect prefect;
    testing_support::gate idle;
    testing_support::loopback server{testing_support::answers_of([&](http::request const& request) {
        if (prefect.log().count("get_runs_in_queue") == 3) idle.open();
        return prefect.send(request);
    })};
    std::string const variables[] = {"PREFECT__BACKEND=server", "PREFECT__CLOUD__API=" + server.url(""),
                                     "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
                                     "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    std::vector<char*> environment;
    for (auto const& each : variables) environment.push_back(const_cast<char*>(each.c_str()));
    environment.push_back(nullptr);
    std::string name = program;
    std::string word = "start";
    std::string quiet = "--log-level=ERROR";
    char* const command[] = {name.data(), word.data(), quiet.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
    pid_t child = 0;
    if (posix_spawn(&child, program, &actions, nullptr, command, environment.data()) != 0) return 0;
    idle.wait();
    long kib = 0;
    std::ifstream status{"/proc/" + std::to_string(child) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) kib = std::strtol(line.c_str() + 6, nullptr, 10);
    kill(child, SIGTERM);
    waitpid(child, nullptr, 0);
    posix_spawn_file_actions_destroy(&actions);
    return kib;
}

} // namespace

int main(int argc, char* argv[]) {
    if (argc < 2) return std::fprintf(stderr, "usage: bench PROGRAM [--quick]\n"), 2;
    bool const quick = argc > 2 && std::string_view{argv[2]} == "--quick";
    if (quick) rounds = 1;
    curl_global_init(CURL_GLOBAL_DEFAULT);

    auto const signature = signatures();
    auto const call = calls();
    auto const launches = launches_a_second(quick ? 50 : 2000);
    long const resident = resident_kib(argv[1]);
    std::printf("| what | ours | floor beside it | ratio |\n|---|---|---|---|\n");
    std::printf("| one RunTask signature (1,500 B body, 1,000 B token, cached key), CPU | %.0f ns | %.0f ns, its "
                "hashes alone | %.2f |\n",
                signature.ours * 1e9, signature.floor * 1e9, signature.ratio);
    std::printf(
        "| one signed RunTask call over keep-alive loopback, CPU of the caller | %.0f µs | %.0f µs, a bare libcurl "
        "handle | %.2f |\n",
        call.ours * 1e6, call.floor * 1e6, call.ratio);
    std::printf("| flow runs launched a second of one core, the in-memory fakes' work included | %.0f | | |\n",
                launches);
    std::printf("| resident memory of the idle agent | %.1f MB | | |\n", static_cast<double>(resident) / 1024);
    return 0;
}
