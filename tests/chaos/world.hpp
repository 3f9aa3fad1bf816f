#ifndef FARGATE_TESTS_CHAOS_WORLD_HPP
#define FARGATE_TESTS_CHAOS_WORLD_HPP

#include "chaos/dice.hpp"
#include "chaos/flows.hpp"
#include "chaos/setting.hpp"
#include "chaos/verdict.hpp"
#include "chaos/weather.hpp"
#include "fargate-agent/http_server.hpp"
#include "support/vectors.hpp"
#include "testing/signed_request.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/deploy/client_token.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chaos {

/// A Prefect server and an AWS over loopback HTTP under a weather, and other people's things beside the agents'.
class world {
public:
    explicit world(setting const& how) :
        how_{how},
        sky_{mix(how.seed, 1)},
        prefect_{{.submitted_lock = how.submitted_lock, .version_locking = how.version_locking},
                 [skew = how.prefect_skew] { return fargate::system_clock{}.now() + skew; }},
        aws_{{}, [skew = how.aws_skew] { return fargate::system_clock{}.now() + skew; }} {
        prefect_.faults().decide_by(decider("prefect"));
        aws_.ecs.faults().decide_by(decider("ecs"));
        aws_.tagging.faults().decide_by(decider("tagging"));
        aws_.ecs.choose_task([this](json::value const& body, std::size_t) {
            return json::text_of(body, "startedBy") == stranger ? fakes::runs_for_ever() : runs_.life_of(run_of(body));
        });
        if (!prefect_server_.problem().empty() || !aws_server_.problem().empty()) {
            std::fprintf(stderr, "no port: %s%s\n", prefect_server_.problem().c_str(), aws_server_.problem().c_str());
            std::exit(2);
        }
        (void)call("RegisterTaskDefinition", R"({
            "family": "other", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512", "containerDefinitions": [{"name": "flow", "image": "acme/etl:1"}],
            "tags": [{"key": "fleet", "value": "other-fleet"}]})");
        if (!add_stranger("other") || !add_stranger("other")) {
            std::fprintf(stderr, "another fleet could not run its tasks\n");
            std::exit(2);
        }
        if (how.buckets) aws_.ecs.limit_rates();
    }

    /// What an agent's environment must say to find it.
    [[nodiscard]] std::map<std::string, std::string> environment() const {
        return {{"PATH", "/usr/bin:/bin"},
                {"HOME", "/nonexistent"},
                {"NO_PROXY", "*"},
                {"PREFECT__BACKEND", "server"},
                {"PREFECT__CLOUD__API", prefect_server_.url()},
                {"AWS_ENDPOINT_URL", aws_server_.url()},
                {"AWS_EC2_METADATA_DISABLED", "true"},
                {"AWS_ACCESS_KEY_ID", fakes::example_key().id},
                {"AWS_SECRET_ACCESS_KEY", fakes::example_key().secret_key},
                {"REGION_NAME", "us-east-1"},
                {"cpu", "256"},
                {"memory", "512"},
                {"executionRoleArn", "arn:aws:iam::123456789012:role/execution"},
                {"networkConfiguration", "{'awsvpcConfiguration': {'subnets': ['subnet-1', 'subnet-2']}}"}};
    }

    [[nodiscard]] chaos::flows& flows() noexcept { return runs_; }

    /// Lets the flows go on.
    void step() { runs_.step(aws_.ecs.tasks(), aws_.ecs.now()); }

    void raise_silent_runs() { raised_ += prefect_.raise_silent_runs(std::chrono::seconds{4}); }

    /// Another fleet runs a task of one of our families; false when there is none yet, or AWS has no time.
    bool visit() {
        for (auto const& each : aws_.ecs.definitions())
            if (each.family != "other") return add_stranger(each.family);
        return false;
    }

    void heal() {
        sky_.heal();
        healed_ = fargate::system_clock{}.now();
    }

    [[nodiscard]] bool is_settled() const {
        if (runs_.waiting() != 0) return false;
        auto const all = look();
        return std::all_of(all.begin(), all.end(), [](seen_run const& each) { return chaos::is_settled(each); });
    }

    /// Every run as it is now.
    [[nodiscard]] std::vector<seen_run> look() const {
        auto const now = aws_.ecs.now();
        std::map<std::string, std::vector<fakes::ecs_task>> of;
        for (auto& each : aws_.ecs.tasks()) of[run_of(*each.request)].push_back(std::move(each));
        std::vector<seen_run> made;
        for (std::size_t i = 0; i != runs_.queued(); ++i) {
            auto const& run = runs_.all()[i];
            seen_run seen{run.id, run.what, runs_.states(run), {}, {}};
            for (auto const& each : prefect_.logs(seen.id)) seen.lines.push_back(each.level + " " + each.message);
            for (auto const& each : of[seen.id]) seen.tasks.push_back(seen_from(each, seen, now));
            made.push_back(std::move(seen));
        }
        return made;
    }

    /// What was done to other people's things, and what was said in two ways under one token.
    [[nodiscard]] std::vector<std::string> mischief() const {
        std::vector<std::string> made;
        auto const now = aws_.ecs.now();
        auto const tasks = aws_.ecs.tasks();
        for (auto const& arn : strangers_)
            for (auto const& each : tasks)
                if (each.arn == arn && (each.order || each.phase(now).stopped))
                    made.push_back("another fleet's task was stopped: " + arn);
        std::size_t others = 0;
        for (auto const& each : aws_.ecs.definitions())
            if (each.family == "other") {
                ++others;
                if (!each.active) made.push_back("another fleet's definition was deregistered");
            }
        if (others != 1) made.push_back("another fleet's family has " + std::to_string(others) + " revisions");
        std::map<std::string, std::string> bodies;
        for (auto const& each : aws_.ecs.log().all("RunTask")) {
            auto const body = json::parse(each.body);
            auto const token = body ? json::text_of(*body, "clientToken") : std::nullopt;
            if (!token) continue;
            auto const [known, fresh] = bodies.try_emplace(std::string{*token}, each.body);
            // Another rung of the capacity plan, or another subnet, is met by a ConflictException.
            if (!fresh && known->second != each.body && !how_.capacity_plan)
                made.push_back("two bodies under one token:\n    " + known->second + "\n    " + each.body);
        }
        return made;
    }

    [[nodiscard]] fakes::fake_aws const& aws() const noexcept { return aws_; }
    [[nodiscard]] fakes::fake_prefect const& prefect() const noexcept { return prefect_; }
    [[nodiscard]] weather const& sky() const noexcept { return sky_; }
    [[nodiscard]] std::size_t raised() const noexcept { return raised_; }

private:
    static constexpr std::string_view stranger = "other-fleet";

    /// Decides under a fake's lock: it must not call the fake.
    fakes::fault_plan::decision decider(std::string service) {
        return [this, service = std::move(service)](std::string_view operation, std::size_t number,
                                                    std::string_view body) -> std::optional<fakes::fault> {
            // Others have fine weather: another fleet, and what flows report themselves.
            if (fargate::text::contains(body, stranger) || fargate::text::contains(body, "# flow")) return std::nullopt;
            return sky_.over(service, operation, number);
        };
    }

    /// Serves one request over the weather.
    template <class Fake>
    fargate::result<fargate::http::response> carry(Fake& fake, char const* service,
                                                   fargate::http::request const& request) {
        std::size_t const number = ++carried_;
        sky_.wait(sky_.way_there(service, number));
        auto answer = fake.send(request);
        if (answer || answer.error().code != fargate::errc::timed_out) {
            sky_.wait(sky_.way_back(service, number));
            return answer;
        }
        sky_.wait(weather::longest_hold);
        return fargate::fail(fargate::errc::connection_failed, "held long enough");
    }

    [[nodiscard]] seen_task seen_from(fakes::ecs_task const& task, seen_run const& of, fargate::time_point now) const {
        auto const phase = task.phase(now);
        seen_task made;
        made.arn = task.arn;
        made.created = task.created - how_.aws_skew;
        made.started = phase.started.has_value();
        made.alive = !phase.stopped;
        made.in_peace = healed_ && made.created > *healed_;
        auto const token = json::text_of(*task.request, "clientToken").value_or("");
        std::size_t schedules = 0;
        unsigned attempt = 0;
        for (auto const& each : of.states) {
            for (auto const& epoch : each.epochs)
                for (unsigned i = 0; i != 40 && !made.schedule; ++i)
                    if (token_of(of.id, epoch, attempt = i) == token) made.schedule = schedules;
            if (!each.epochs.empty()) ++schedules;
        }
        made.note = made.schedule
                        ? "schedule " + std::to_string(*made.schedule) + ", attempt " + std::to_string(attempt)
                    : token.empty() ? "no token"
                                    : "a token of something else: " + std::string{token};
        made.note += ", " + std::string{phase.last_status};
        if (!phase.stopped_reason.empty()) made.note += " (" + phase.stopped_reason + ")";
        return made;
    }

    [[nodiscard]] std::string token_of(std::string const& run, std::string const& epoch, unsigned attempt) const {
        return fargate::deploy::client_token({prefect_server_.url(), run, epoch}, attempt,
                                             fargate::crypto::openssl_hash{});
    }

    /// The same RunTask from somebody who knows no tokens.
    [[nodiscard]] fargate::http::request without_token(fargate::http::request const& request) const {
        auto body = testing_support::document(request.body);
        body.erase("clientToken");
        return testing_support::sign(
            testing_support::json_call(request.headers.value_of("x-amz-target"), json::write(body)), "ecs",
            aws_.ecs.now());
    }

    /// A call of another fleet.
    json::value call(char const* operation, std::string body) {
        auto const request =
            testing_support::json_call(std::string{"AmazonEC2ContainerServiceV20141113."} + operation, std::move(body));
        auto const answer = aws_.ecs.send(testing_support::sign(request, "ecs", aws_.ecs.now()));
        return answer ? testing_support::document(answer->body) : json::value{};
    }

    /// A task of another fleet.
    bool add_stranger(std::string const& family) {
        auto const ran = call("RunTask", R"({"taskDefinition": ")" + family + R"(", "launchType": "FARGATE",
            "startedBy": "other-fleet", "overrides": {"containerOverrides": [{"name": "flow", "environment": [
                {"name": "PREFECT__CONTEXT__FLOW_RUN_ID", "value": "0dd00000-0000-4000-8000-000000000000"}]}]},
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})");
        auto const* const tasks = json::array_of(ran, "tasks");
        if (tasks == nullptr || tasks->empty()) return false;
        strangers_.push_back(testing_support::text((*tasks)[0], "taskArn"));
        return true;
    }

    setting how_;
    weather sky_;
    fakes::fake_prefect prefect_;
    fakes::fake_aws aws_;
    chaos::flows runs_{how_, testing_support::load("prefect1/flow_run_docker_run_config.json")["data"]["flow_run"][0],
                       prefect_};
    std::atomic<std::size_t> carried_ = 0;
    std::vector<std::string> strangers_;
    std::size_t raised_ = 0;
    std::optional<fargate::time_point> healed_{};
    http_server prefect_server_{
        [this](fargate::http::request const& request) { return carry(prefect_, "prefect", request); }};
    http_server aws_server_{[this](fargate::http::request const& request) {
        bool const runs = request.headers.value_of("x-amz-target").ends_with(".RunTask");
        return carry(aws_, "ecs", runs && how_.forgetful ? without_token(request) : request);
    }};
};

} // namespace chaos

#endif
