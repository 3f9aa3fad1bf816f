#ifndef FARGATE_TESTS_CHAOS_WORLD_HPP
#define FARGATE_TESTS_CHAOS_WORLD_HPP

#include "chaos/dice.hpp"
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

namespace json = fargate::json;
namespace fakes = fargate::testing;

/// A Prefect server and an AWS over loopback HTTP under a weather, the flows that run in the tasks, and other people's
/// things beside them.
class world {
public:
    static constexpr std::string_view label = "chaos";

    world(setting const& how, std::size_t runs) :
        how_{how},
        runs_{throw_runs(how.seed, runs)},
        sky_{mix(how.seed, 1)},
        prefect_{{.submitted_lock = how.submitted_lock, .version_locking = how.version_locking},
                 [skew = how.prefect_skew] { return fargate::system_clock{}.now() + skew; }},
        aws_{{}, [skew = how.aws_skew] { return fargate::system_clock{}.now() + skew; }} {
        prefect_.faults().decide_by(decider("prefect"));
        aws_.ecs.faults().decide_by(decider("ecs"));
        aws_.tagging.faults().decide_by(decider("tagging"));
        aws_.ecs.choose_task([this](json::value const& body, std::size_t) { return life_of(body); });
        if (!prefect_server_.problem().empty() || !aws_server_.problem().empty()) {
            std::fprintf(stderr, "no port: %s%s\n", prefect_server_.problem().c_str(), aws_server_.problem().c_str());
            std::exit(2);
        }
        for (auto const& each : runs_) fates_[each.id] = each.what;
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

    [[nodiscard]] std::size_t waiting() const noexcept { return runs_.size() - queued_; }
    /// Makes the next run due.
    void queue() { queue_row(runs_[queued_++]); }

    /// Lets flows begin and end as their tasks do, and people cancel what they wanted cancelled.
    void step() {
        auto const now = aws_.ecs.now();
        auto const tasks = aws_.ecs.tasks();
        progress_.resize(tasks.size());
        for (std::size_t i = 0; i != tasks.size(); ++i) follow(tasks[i], progress_[i], now);
        for (auto& each : runs_)
            if (each.what == fate::cancelled && !each.told && each.first_task &&
                now >= *each.first_task + each.patience) {
                each.told = true;
                if (fakes::is_finished_state(prefect_.state(each.id))) continue;
                char const* const type = each.cancelling ? "Cancelling" : "Cancelled";
                (void)prefect_.set_state(each.id, fakes::prefect_state(type, "A person's wish."));
            }
    }

    /// A person starts a run again that has ended well; false when there was none.
    bool start_again(dice& throws) {
        auto& run = runs_[throws.below(runs_.size())];
        if (run.what != fate::succeeds || run.told || prefect_.state(run.id) != "Success") return false;
        run.told = true;
        auto state = fakes::prefect_state("Scheduled", "A person's restart.");
        json::set(state, "start_time", fargate::text::iso8601(fargate::system_clock{}.now() + how_.prefect_skew));
        (void)prefect_.set_state(run.id, state);
        return true;
    }

    void raise_silent_runs() { raised_ += prefect_.raise_silent_runs(std::chrono::seconds{4}); }

    /// Another fleet runs a task of one of our families; false when there is none yet, or AWS has no time.
    bool visit() {
        for (auto const& each : aws_.ecs.definitions())
            if (each.family != "other") return add_stranger(each.family);
        return false;
    }

    void heal() { sky_.heal(); }

    [[nodiscard]] bool is_settled() const {
        if (waiting() != 0) return false;
        auto const all = look();
        return std::all_of(all.begin(), all.end(), [](seen_run const& each) { return chaos::is_settled(each); });
    }

    /// Every run as it is now.
    [[nodiscard]] std::vector<seen_run> look() const {
        auto const now = aws_.ecs.now();
        std::map<std::string, std::vector<fakes::ecs_task>> of;
        for (auto& each : aws_.ecs.tasks()) of[run_of(*each.request)].push_back(std::move(each));
        std::vector<seen_run> made;
        for (std::size_t i = 0; i != queued_; ++i) {
            seen_run seen;
            seen.id = runs_[i].id;
            seen.what = runs_[i].what;
            for (auto const& each : prefect_.history(seen.id))
                seen.states.push_back({each.type, each.message, !each.agent_id.empty(), each.at - how_.prefect_skew});
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
            if (!fresh && known->second != each.body)
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

    /// How far a task's flow has come.
    struct progress {
        bool begun = false;
        bool over = false;
    };

    /// Decides under a fake's lock: it must not call the fake.
    fakes::fault_plan::decision decider(std::string service) {
        return [this, service = std::move(service)](std::string_view operation, std::size_t number,
                                                    std::string_view body) -> std::optional<fakes::fault> {
            if (fargate::text::contains(body, stranger)) return std::nullopt;
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

    /// Five flows that work and one without the tag of its image.
    void queue_row(thrown_run const& run) {
        json::value row = row_;
        std::size_t const flow = run.what == fate::unplannable ? 5 : number_of(run.id) % 5;
        json::set(row, "id", run.id);
        json::set(row, "labels", json::value::array({label}));
        json::set(row, "version", 1);
        for (auto const* old : {"serialized_state", "scheduled_start_time"}) row.erase(old);
        auto& of = row["flow"];
        json::set(of, "id", "f10f0000-0000-4000-8000-00000000000" + std::to_string(flow));
        json::set(of, "name", "Flow " + std::to_string(flow));
        json::set(of["storage"], "image_name", "flow-" + std::to_string(flow));
        if (run.what == fate::unplannable) of["storage"].erase("image_tag");
        prefect_.add_flow_run(std::move(row));
    }

    [[nodiscard]] static std::string run_of(json::value const& body) {
        auto const* const overrides = json::object_of(body, "overrides");
        auto const* const containers =
            overrides != nullptr ? json::array_of(*overrides, "containerOverrides") : nullptr;
        if (containers == nullptr) return {};
        for (auto const& container : *containers)
            if (auto const* const variables = json::array_of(container, "environment"))
                for (auto const& each : *variables)
                    if (json::text_of(each, "name") == "PREFECT__CONTEXT__FLOW_RUN_ID")
                        return std::string{json::text_of(each, "value").value_or("")};
        return {};
    }

    /// The life of one more task of the run that a body names; asked under the fake's lock.
    [[nodiscard]] fakes::task_life life_of(json::value const& body) {
        if (json::text_of(body, "startedBy") == stranger) return fakes::runs_for_ever();
        auto const run = run_of(body);
        std::scoped_lock const lock{mutex_};
        auto& launches = launches_[run];
        dice throws{mix(mix(how_.seed, number_of(run)), launches.tasks++)};
        fakes::task_life life;
        life.provisioning = throws.between(30, 300);
        life.pending = throws.between(30, 300);
        life.running = throws.between(300, 1200);
        life.stopping = life.deprovisioning = throws.between(10, 100);
        if (throws.chance(0.1)) life.visible_after = throws.between(50, 800);
        using ending = fakes::task_life::ending;
        auto const found = fates_.find(run);
        fate const what = found != fates_.end() ? found->second : fate::succeeds;
        if (what == fate::no_image) {
            life.end = ending::never_starts;
            life.reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
                          "ref docker.io/acme/gone:1: docker.io/acme/gone:1: manifest unknown";
        } else if (launches.unstarted < 2 && throws.chance(0.06)) {
            ++launches.unstarted;
            life.end = ending::never_starts;
            life.empty_containers = throws.chance(0.5);
            life.reason = "Timeout waiting for network interface provisioning to complete.";
        } else if (what == fate::cancelled) {
            life.end = ending::runs_for_ever;
        } else if (what == fate::dies) {
            constexpr ending ends[] = {ending::exits, ending::out_of_memory, ending::spot_interrupted};
            life.end = ends[throws.below(3)];
            life.exit_code = 1 + static_cast<int>(throws.below(2)) * 136;
            life.exit_code_lost = throws.chance(0.1);
        }
        return life;
    }

    void follow(fakes::ecs_task const& task, progress& of, fargate::time_point now) {
        if (of.over) return;
        auto const run = run_of(*task.request);
        auto const found = std::find_if(runs_.begin(), runs_.end(), [&](auto const& each) { return each.id == run; });
        if (found == runs_.end()) {
            of.over = true;
            return;
        }
        if (!found->first_task) found->first_task = task.created;
        auto const phase = task.phase(now);
        if (!phase.started) return;
        auto const state = prefect_.state(run);
        bool const finished = fakes::is_finished_state(state);
        if (!of.begun) {
            of.begun = true;
            if (!finished && state != "Running" && state != "Cancelling")
                (void)prefect_.set_state(run, fakes::prefect_state("Running", "Running flow."));
        } else if (found->what != fate::succeeds) {
            of.over = true;
        } else if (now >= *phase.started + task.life.running / 2) {
            of.over = true;
            if (!finished)
                (void)prefect_.set_state(run, fakes::prefect_state("Success", "All reference tasks succeeded."));
        }
    }

    [[nodiscard]] seen_task seen_from(fakes::ecs_task const& task, seen_run const& of, fargate::time_point now) const {
        auto const phase = task.phase(now);
        seen_task made;
        made.arn = task.arn;
        made.created = task.created - how_.aws_skew;
        made.started = phase.started.has_value();
        made.alive = !phase.stopped;
        auto const token = json::text_of(*task.request, "clientToken").value_or("");
        std::size_t schedules = 0;
        unsigned attempt = 0;
        for (std::size_t i = 0; i != of.states.size() && !made.schedule; ++i) {
            if (!fakes::is_scheduled_state(of.states[i].type)) continue;
            for (attempt = 0; attempt != 40 && !made.schedule; ++attempt)
                if (token_of(of.id, i + 1, attempt) == token) made.schedule = schedules;
            ++schedules;
        }
        made.note = made.schedule
                        ? "schedule " + std::to_string(*made.schedule) + ", attempt " + std::to_string(attempt - 1)
                    : token.empty() ? "no token"
                                    : "a token of something else: " + std::string{token};
        made.note += ", " + std::string{phase.last_status};
        if (!phase.stopped_reason.empty()) made.note += " (" + phase.stopped_reason + ")";
        return made;
    }

    /// `version` is the run's in the state that waits to be claimed. Rows begin with version 1, and every state adds one.
    [[nodiscard]] std::string token_of(std::string const& run, std::size_t version, unsigned attempt) const {
        auto const named =
            prefect_server_.url() + '|' + run + '|' + std::to_string(version) + '|' + std::to_string(attempt);
        return fargate::deploy::detail::base64url(
            fargate::crypto::bytes_of(fargate::crypto::openssl_hash{}.sha256(named)));
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

    struct launched_so_far {
        std::size_t tasks = 0;
        std::size_t unstarted = 0;
    };

    setting how_;
    std::vector<thrown_run> runs_;
    std::map<std::string, fate> fates_; ///< written before anything runs
    json::value row_ = testing_support::load("prefect1/flow_run_docker_run_config.json")["data"]["flow_run"][0];
    weather sky_;
    fakes::fake_prefect prefect_;
    fakes::fake_aws aws_;
    std::atomic<std::size_t> carried_ = 0;
    std::size_t queued_ = 0;
    std::vector<progress> progress_;
    std::vector<std::string> strangers_;
    std::size_t raised_ = 0;
    std::mutex mutex_;
    std::map<std::string, launched_so_far> launches_;
    http_server prefect_server_{
        [this](fargate::http::request const& request) { return carry(prefect_, "prefect", request); }};
    http_server aws_server_{[this](fargate::http::request const& request) { return carry(aws_, "ecs", request); }};
};

} // namespace chaos

#endif
