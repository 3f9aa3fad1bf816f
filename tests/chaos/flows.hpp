#ifndef FARGATE_TESTS_CHAOS_FLOWS_HPP
#define FARGATE_TESTS_CHAOS_FLOWS_HPP

#include "chaos/dice.hpp"
#include "chaos/setting.hpp"
#include "chaos/verdict.hpp"

#include <fargate/json/json.hpp>
#include <fargate/testing/ecs_task.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/text/timestamp.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chaos {

namespace json = fargate::json;
namespace fakes = fargate::testing;

/// The run that RunTask's body is for; empty when it is for none.
[[nodiscard]] inline std::string run_of(json::value const& body) {
    auto const* const overrides = json::object_of(body, "overrides");
    auto const* const containers = overrides != nullptr ? json::array_of(*overrides, "containerOverrides") : nullptr;
    if (containers == nullptr) return {};
    for (auto const& container : *containers)
        if (auto const* const variables = json::array_of(container, "environment"))
            for (auto const& each : *variables)
                if (json::text_of(each, "name") == "PREFECT__CONTEXT__FLOW_RUN_ID")
                    return std::string{json::text_of(each, "value").value_or("")};
    return {};
}

/// The runs of a round from the other side: what their tasks live through, what their flows report from inside, and what
/// people do with them. Only `life_of` may be called by several threads.
class flows {
public:
    flows(setting const& how, json::value row, fakes::fake_prefect& prefect) :
        how_{how}, runs_{throw_runs(how.seed, how.runs)}, row_(std::move(row)), prefect_{prefect} {
        for (std::size_t i = 0; i != runs_.size(); ++i) places_[runs_[i].id] = i;
    }

    [[nodiscard]] std::vector<thrown_run> const& all() const noexcept { return runs_; }

    [[nodiscard]] std::size_t waiting() const noexcept { return runs_.size() - queued_; }
    [[nodiscard]] std::size_t queued() const noexcept { return queued_; }

    /// Makes the next run due: it is of one of five flows that work, or of the one that lacks its image's tag.
    void queue() {
        auto const& run = runs_[queued_++];
        json::value row = row_;
        std::size_t const flow = run.what == fate::unplannable ? 5 : number_of(run.id) % 5;
        json::set(row, "id", run.id);
        json::set(row, "labels", json::value::array({"chaos"}));
        json::set(row, "version", 1);
        for (auto const* old : {"serialized_state", "scheduled_start_time"}) row.erase(old);
        json::value task{{"id", task_of(run.id)}, {"version", 1}, {"task_id", "0a500000-0000-4000-8000-000000000000"}};
        json::set(task, "serialized_state", fakes::prefect_state("Pending", "Task run created"));
        json::set(row, "task_runs", json::value::array({std::move(task)}));
        auto& of = row["flow"];
        json::set(of, "id", "f10f000" + std::to_string(flow) + "-0000-4000-8000-000000000000");
        json::set(of, "name", "Flow " + std::to_string(flow));
        json::set(of["storage"], "image_name", "flow-" + std::to_string(flow));
        if (run.what == fate::unplannable) of["storage"].erase("image_tag");
        prefect_.add_flow_run(std::move(row));
    }

    /// The life of one more task of a run; asked under the fake's lock.
    [[nodiscard]] fakes::task_life life_of(std::string const& run) {
        std::scoped_lock const lock{mutex_};
        auto& launches = launches_[run];
        dice throws{mix(mix(how_.seed, number_of(run)), launches.tasks++)};
        fakes::task_life life;
        // Longer than any claim is on its way: a late one must meet the flow at work, as it would in a life of minutes.
        life.provisioning = throws.between(500, 1000);
        life.pending = throws.between(300, 800);
        life.running = throws.between(1800, 2600);
        life.stopping = life.deprovisioning = throws.between(10, 100);
        if (throws.chance(0.1)) life.visible_after = throws.between(50, 800);
        using ending = fakes::task_life::ending;
        auto const found = places_.find(run);
        fate const what = found != places_.end() ? runs_[found->second].what : fate::succeeds;
        if (what == fate::no_image) {
            life.end = ending::never_starts;
            life.reason = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
                          "ref docker.io/acme/gone:1: docker.io/acme/gone:1: manifest unknown";
        } else if (launches.unstarted < how_.most_unstarted && throws.chance(0.05)) {
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

    /// Lets flows begin and end as their tasks do, and people cancel what they want cancelled.
    void step(std::vector<fakes::ecs_task> const& tasks, fargate::time_point now) {
        progress_.resize(tasks.size());
        for (std::size_t i = 0; i != tasks.size(); ++i)
            if (!progress_[i].over) follow(tasks[i], progress_[i], now);
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
        (void)prefect_.set_state(run.id, due("Scheduled", "A person's restart."));
        return true;
    }

    /// Every state of a run, a retry of its task among them as a state of type Retrying.
    [[nodiscard]] std::vector<seen_state> states(thrown_run const& run) const {
        std::vector<seen_state> made;
        std::size_t version = 0;
        for (auto const& each : prefect_.history(run.id)) {
            auto const at = each.at - how_.prefect_skew;
            if (run.retried && at > *run.retried && (made.empty() || made.back().at <= *run.retried))
                made.push_back(retry(run, version));
            made.push_back({each.type, each.message, !each.agent_id.empty(), at, {}});
            // Rows begin with version 1, and every state adds one.
            ++version;
            if (!fakes::is_scheduled_state(each.type)) continue;
            made.back().epochs.push_back(std::to_string(version));
            if (run.retried) made.back().epochs.push_back(std::to_string(version) + waiting_task(run));
        }
        if (run.retried && made.back().at <= *run.retried) made.push_back(retry(run, version));
        return made;
    }

private:
    /// How far a task's flow has come.
    struct progress {
        bool begun = false;
        bool over = false;
    };
    struct launched_so_far {
        std::size_t tasks = 0;
        std::size_t unstarted = 0;
    };

    [[nodiscard]] static std::string task_of(std::string const& run) { return "7a" + run.substr(2); }

    /// A state that is due now.
    [[nodiscard]] json::value due(char const* type, char const* message) const {
        auto state = fakes::prefect_state(type, message);
        json::set(state, "start_time", fargate::text::iso8601(fargate::system_clock{}.now() + how_.prefect_skew));
        return state;
    }

    /// In an epoch, its task run that is due; it had one state before.
    [[nodiscard]] static std::string waiting_task(thrown_run const& run) { return "," + task_of(run.id) + ":2"; }

    [[nodiscard]] static seen_state retry(thrown_run const& run, std::size_t version) {
        return {"Retrying",
                "its task run is to be tried again",
                false,
                *run.retried,
                {std::to_string(version) + waiting_task(run)}};
    }

    void set_task(std::string const& run, json::value state) {
        json::value item{{"task_run_id", task_of(run)}, {"version", 1}};
        json::set(item, "state", std::move(state));
        json::value input;
        json::set(input, "states", json::value::array({std::move(item)}));
        json::value variables;
        json::set(variables, "input", std::move(input));
        json::value body{{"query",
                          "mutation($input: set_task_run_states_input!) { set_task_run_states(input: $input) { "
                          "states { id } } } # flow"}};
        json::set(body, "variables", std::move(variables));
        fargate::http::request request;
        request.method = "POST";
        request.url = "http://prefect/";
        request.headers.add("Content-Type", "application/json");
        request.body = json::write(body);
        (void)prefect_.send(request);
    }

    void follow(fakes::ecs_task const& task, progress& of, fargate::time_point now) {
        auto const found = places_.find(run_of(*task.request));
        if (found == places_.end()) {
            of.over = true;
            return;
        }
        auto& run = runs_[found->second];
        if (!run.first_task) run.first_task = task.created;
        auto const phase = task.phase(now);
        if (!phase.started) {
            of.over = phase.stopped.has_value();
            return;
        }
        auto const state = prefect_.state(run.id);
        bool const finished = fakes::is_finished_state(state);
        if (!of.begun) {
            of.begun = true;
            if (!finished && state != "Running" && state != "Cancelling")
                (void)prefect_.set_state(run.id, fakes::prefect_state("Running", "Running flow."));
            if (!finished && run.retried) set_task(run.id, fakes::prefect_state("Running", "Starting task run."));
            return;
        }
        bool const reports = run.what == fate::succeeds || run.what == fate::retries;
        if (reports && now < *phase.started + task.life.running * 4 / 5) return;
        of.over = true;
        if (!reports || finished) return;
        if (run.what == fate::retries && !run.retried) {
            // A claim that came late may have been written over it; a server gives out due task runs of Running runs alone.
            if (state != "Running") (void)prefect_.set_state(run.id, fakes::prefect_state("Running", "Running flow."));
            set_task(run.id, due("Retrying", "Retrying task."));
            run.retried = fargate::system_clock{}.now();
            return;
        }
        set_task(run.id, fakes::prefect_state("Success", "Task run succeeded."));
        (void)prefect_.set_state(run.id, fakes::prefect_state("Success", "All reference tasks succeeded."));
    }

    setting how_;
    std::vector<thrown_run> runs_;
    std::map<std::string, std::size_t> places_{}; ///< written before anything runs
    json::value row_;
    fakes::fake_prefect& prefect_;
    std::size_t queued_ = 0;
    std::vector<progress> progress_{};
    std::mutex mutex_{};
    std::map<std::string, launched_so_far> launches_{};
};

} // namespace chaos

#endif
