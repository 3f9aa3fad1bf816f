#ifndef FARGATE_AGENT_HPP
#define FARGATE_AGENT_HPP

#include <fargate/aws.hpp>
#include <fargate/deploy/external_kwargs.hpp>
#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/launcher.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/preflight.hpp>
#include <fargate/deploy/python_repr.hpp>
#include <fargate/prefect/server.hpp>
#include <fargate/service/agenda.hpp>
#include <fargate/service/aws_parts.hpp>
#include <fargate/service/check.hpp>
#include <fargate/service/complaints.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/deployment.hpp>
#include <fargate/service/explanation.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/introduction.hpp>
#include <fargate/service/options.hpp>
#include <fargate/service/parts.hpp>
#include <fargate/service/poller.hpp>
#include <fargate/service/preparation.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/reconciler.hpp>
#include <fargate/service/rehearsal.hpp>
#include <fargate/service/signals.hpp>
#include <fargate/service/validation.hpp>
#include <fargate/service/wake.hpp>
#include <fargate/service/watcher.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log_template.hpp>
#include <fargate/system/random.hpp>
#include <fargate/system/stream_log.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// The parts an agent is made of, unless told otherwise: libcurl, the standard credential sources, the machine's clock,
/// this process's environment, SDK retries, OpenSSL, standard output and a thread pool. Inherit and redefine to replace:
/// `struct board : fargate::default_policies { using http = my_modem; };`
struct default_policies : aws::default_policies {
    using log = stream_log;
    using executor = thread_pool;
};

/// The common case of replacing just these two: `fargate::agent<fargate::policies<my_modem, my_credentials>>`.
template <class Http, class Credentials = aws::default_policies::credentials>
struct policies : default_policies {
    using http = Http;
    using credentials = Credentials;
};

/// Polls a Prefect API for flow runs and launches each as one AWS Fargate task: Prefect's Fargate Agent.
///
/// Making an agent does nothing but keep what it is told. `open` checks the configuration and makes the agent known,
/// `run` works until it is stopped; `start` is both. One thread calls these; `stop`, `poke` and `health` may be called
/// from any. An agent opens once.
template <agent_policies Policies = default_policies>
class agent {
public:
    /// An agent with parts of its own. A key in `options` needs a credential policy that takes one, such as
    /// `credentials::standard`.
    explicit agent(agent_options options) : agent{std::move(options), nullptr} {}

    /// An agent on parts that belong to the caller and outlive it.
    agent(agent_options options, parts<Policies>& shared) : agent{std::move(options), &shared} {}

    agent(agent const&) = delete;
    agent& operator=(agent const&) = delete;

    /// `open`, then `run`.
    [[nodiscard]] result<void> start(std::stop_token stop = {}) {
        if (auto opened = open(stop); !opened) return opened;
        return run(stop);
    }

    /// Reads the configuration, checks the token with the cloud and registers, in a dry run without the last. An API that does
    /// not answer is asked again until it does or `stop` fires; `errc::bad_configuration`, `errc::invalid_argument` and `errc::unauthorized` are for
    /// a person to mend.
    [[nodiscard]] result<void> open(std::stop_token stop = {}) {
        if (opened_) return fail(errc::invalid_argument, "the agent was opened before");
        if (auto ready = prepare(); !ready) return ready;
        std::stop_callback const forward{stop, [this] { shut_down(); }};
        book_.started(parts_.clock.now());
        for (service::pace waits;;) {
            book_.turned();
            auto& api = works_->source;
            auto enrolled = works_->is_dry ? api.visit(stop_.get_token()) : api.enroll(stop_.get_token());
            if (enrolled) {
                opened_ = true;
                return enrolled;
            }
            auto const& why = enrolled.error();
            bool const silent = why.code == errc::connection_failed || why.code == errc::timed_out;
            if (!silent && why.http_status < 500) return enrolled;
            if (book_.poll_failed(why)) parts_.log.write(log_level::error, why.message);
            if (!parts_.clock.sleep_for(waits.after(false), stop_.get_token()))
                return fail(errc::cancelled, "stopped before the Prefect API answered");
        }
    }

    /// Polls and launches until `stop` fires, `stop()` is called, or `max_polls` polls have been made; then lets the
    /// launches in hand finish, after a stop for 20 s at most: what is claimed and has no task by then is launched by the
    /// agent that comes next. Tasks are not touched. Needs an agent that is open. Trouble with single runs or polls goes to the log, not here.
    /// In a dry run each run that is due is told in the log, once, with what would be done, and nothing is done.
    [[nodiscard]] result<void> run(std::stop_token stop = {}) {
        if (!opened_) return fail(errc::invalid_argument, "the agent is not open: call open() first");
        auto& log = parts_.log;
        std::stop_callback const forward{stop, [this] { shut_down(); }};
        log.write(log_level::info,
                  "Starting FargateAgent with labels " + deploy::python_repr(works_->planner.settings.labels));
        log.write(log_level::info, "Agent documentation can be found at https://docs.prefect.io/orchestration/");
        if (auto greeted = works_->source.greet(stop_.get_token()); !greeted) return {};
        log.write(log_level::info, "Waiting for flow runs...");
        log.write(log_level::debug, "Max Workers: " + std::to_string(parts_.executor.workers()));
        if (works_->is_dry)
            log.write(log_level::info, "Dry run: nothing is registered, claimed or launched");
        else
            works_->begin(stop_.get_token());
        works_->poller.run(options_.max_polls, stop_.get_token());
        return {};
    }

    /// Ends `open` or `run`: nothing new is claimed, launches that began are finished.
    void stop() { stop_.request_stop(); }

    /// Polls now instead of at the end of the wait.
    void poke() {
        if (ready_.load(std::memory_order_acquire)) works_->poller.poke();
    }

    /// Tries the configuration on AWS without a flow and without Prefect: registers a task definition
    /// `prefect-test-task-<8 hex digits>` with all of the keyword arguments, runs it, and deregisters it unless `keep`. The
    /// log and the answer tell each step, what AWS said, and what to do about it. May be called before `open` and instead
    /// of it, not beside `run`. The errors are those of a configuration that cannot be read; then AWS was asked for nothing.
    /// Needs the IAM actions ecs:RegisterTaskDefinition, ecs:RunTask and iam:PassRole, as an agent does, and
    /// ecs:DeregisterTaskDefinition to leave nothing behind.
    [[nodiscard]] result<service::validation> validate_configuration(bool keep = false, std::stop_token stop = {}) {
        if (auto ready = prepare(); !ready) return ready.error();
        if (works_->is_dry) return fail(errc::invalid_argument, "a validation launches a task: not in a dry run");
        service::validator<ecs, agent_log> tries{works_->ecs, parts_.log, works_->planner.settings};
        auto const key = parts_.credentials.fetch(parts_.http, parts_.clock, parts_.environment);
        if (tries.note_credentials(key ? result<std::string>{key->source} : key.error()))
            tries.run("prefect-test-task-" + random_uuid().substr(0, 8), keep, stop);
        return std::move(tries).take();
    }

    /// Everything that is wrong with what this agent is told, each with its place and its remedy; empty when nothing is. Reads
    /// the configuration as `open` does, but on behind the first error; holds it against the rules of ECS; asks Prefect
    /// whether it lets the agent in, and AWS whether it would allow what the switches need that are on. Changes nothing:
    /// no agent is registered, no run claimed, and StopTask is asked about a task that cannot exist. May be called at any time.
    /// After a stop it is what was found until then.
    /// Whether AWS takes the definition and passes it its roles, only `validate_configuration` tells.
    [[nodiscard]] std::vector<deploy::finding> check(std::stop_token stop = {}) {
        return service::check<Policies>(options_, parts_, own_ != nullptr, std::move(stop));
    }

    /// The requests that this agent would send now for a flow run's first attempt, to the byte; the bodies hold the API token
    /// or key that the flow's container is handed. Sends none of them, and changes nothing. May be called before `open` and
    /// instead of it, not beside `run`. `errc::not_found` when the API knows no such run, `errc::invalid_argument` when that is
    /// no run's id; else the errors of `open`, and the one that the run would fail with.
    [[nodiscard]] result<service::explanation> explain(std::string_view flow_run_id, std::stop_token stop = {}) {
        if (!prefect::is_uuid(flow_run_id)) return fail(errc::invalid_argument, "the id of a flow run is a UUID");
        std::string const id[] = {prefect::plain_uuid(flow_run_id)};
        if (auto ready = prepare(); !ready) return ready.error();
        if (auto let_in = works_->source.visit(stop); !let_in) return let_in.error();
        auto const views = works_->source.look(id, stop);
        if (!views) return views.error();
        if (views->empty()) return fail(errc::not_found, "the Prefect API knows no flow run " + id[0]);
        return works_->explainer.explain(views->front(), stop);
    }

    [[nodiscard]] service::health health() const { return book_.read(); }

    /// Moves while the agent does; for who ends a process whose agent hangs. Takes no lock.
    [[nodiscard]] std::uint64_t progress() const noexcept { return book_.turns(); }

private:
    using agent_log = typename Policies::log;
    using s3 = aws::s3<Policies>;
    using external = deploy::external_kwargs<s3, agent_log>;

    struct planner {
        agent::external const* external; ///< null: no flow has arguments of its own
        deploy::settings settings;

        result<deploy::launch_plan> operator()(prefect::flow_run const& run, std::stop_token stop) const {
            if (external == nullptr) return deploy::plan(run, settings);
            auto const own = external->fetch(run.flow, std::move(stop));
            if (!own) return own.error();
            if (!*own) return deploy::plan(run, settings);
            auto with = settings;
            deploy::replace(with.kwargs, **own);
            return deploy::plan(run, with);
        }
    };

    using source = prefect::server<typename Policies::http, typename Policies::clock, agent_log>;
    using ecs = aws::ecs<Policies>;
    using tagging = aws::tagging<Policies>;
    using aws_parts = service::aws_parts<Policies>;
    using launcher = deploy::ecs_launcher<ecs, tagging, agent_log, typename Policies::clock>;
    using clock = typename Policies::clock;
    using deployment = service::deployment<source, agent::planner, launcher, clock, agent_log, typename Policies::hash>;
    using explainer = service::explainer<agent::planner, launcher, ecs, typename Policies::hash>;
    using rehearsal = service::rehearsal<source, explainer, agent_log>;
    using dispatch = service::dispatch<deployment, rehearsal>;
    using poller = service::poller<source, dispatch, clock, agent_log, typename Policies::executor>;
    using watcher = service::watcher<source, ecs, deployment, clock, agent_log>;
    using reconciler = service::reconciler<source, ecs, deployment, clock, agent_log>;

    struct watching {
        watcher* who;
        duration operator()(std::stop_token const& stop) const { return who->round(stop); }
    };
    /// Not at the same moment as the agents that were started with this one: give or take a fifth.
    struct reconciling {
        reconciler* who;
        duration interval;
        duration operator()(std::stop_token const& stop) const {
            who->round(stop);
            return interval * static_cast<duration::rep>(800 + random_bits() % 401) / 1000;
        }
    };

    /// Everything that the configuration decides, from the wire up.
    struct works {
        works(parts<Policies>& p, service::health_book& book, service::preparation<Policies> from) :
            is_dry{from.dry_run},
            rules{std::move(from.rules)},
            source{p.http, p.clock, p.log, *std::move(from.server)},
            ecs_parts{*std::move(from.for_ecs)},
            tagging_parts{*std::move(from.for_tagging)},
            ecs{ecs_parts, from.aws},
            tagging{tagging_parts, from.aws},
            s3{p, std::move(from.for_s3)},
            launcher{ecs, tagging, p.log, p.clock},
            planner{from.settings->external.enabled ? &external : nullptr, *std::move(from.settings)},
            external{s3, planner.settings, p.log},
            agenda{p.clock, bell},
            deployment{source, planner, launcher, desk(book, lanes_of(p.executor)), p.clock, p.log, p.hash, rules},
            watcher{source, ecs, deployment, p.clock, p.log, book, custody, rules},
            reconciler{source, ecs, deployment, p.clock, p.log, book, custody, rules},
            explainer{planner, launcher, ecs, p.hash, rules},
            rehearsal{source, explainer, busy, bell, p.log},
            dispatch{deployment, rehearsal, is_dry},
            watches{agenda, {&watcher}},
            reconciles{agenda, {&reconciler, rules.reconcile_interval}},
            poller{source,  dispatch, busy,       agenda, bell,
                   p.clock, p.log,    p.executor, book,   service::pace{rules.poll_interval_max}} {
            custody.family = [this](prefect::flow_run const& run) {
                return deploy::family_of(run.flow, planner.settings);
            };
            custody.max_run = [this](prefect::flow_run const& run) { return longest_run(run); };
            custody.held = [this] { return busy.claimed(); };
            custody.clusters = {std::string{json::text_of(planner.settings.kwargs.run, "cluster").value_or("")}};
        }

        /// Starts what is done beside the polls, until `stop` fires.
        void begin(std::stop_token const& stop) {
            if (std::exchange(begun_, true)) return;
            stop_ = stop;
            if (rules.watch || rules.heartbeat) watches.within(duration::zero(), stop);
            if (rules.reconcile) reconciles.within(duration::zero(), stop);
        }

        bool is_dry;
        service::protocol rules;
        agent::source source;
        agent::aws_parts ecs_parts;
        agent::aws_parts tagging_parts;
        agent::ecs ecs;
        agent::tagging tagging;
        agent::s3 s3;
        agent::launcher launcher;
        agent::planner planner;
        agent::external external;
        service::in_flight busy;
        service::custody<prefect::flow_run> custody;
        service::wake bell;
        service::agenda<clock> agenda;
        agent::deployment deployment;
        agent::watcher watcher;
        agent::reconciler reconciler;
        agent::explainer explainer;
        agent::rehearsal rehearsal;
        agent::dispatch dispatch;
        service::duty<clock, watching> watches;
        service::duty<clock, reconciling> reconciles;
        agent::poller poller;

    private:
        [[nodiscard]] service::desk<clock> desk(service::health_book& book, unsigned lanes) {
            return {busy,
                    custody.tasks,
                    agenda,
                    bell,
                    book,
                    [this] {
                        if (rules.watch || rules.heartbeat) watches.within(watcher::while_starting, stop_);
                    },
                    lanes};
        }

        /// Two workers are kept for what is done beside launches: heartbeats must not wait for an ECS that is silent.
        [[nodiscard]] static unsigned lanes_of(typename Policies::executor const& executor) {
            auto const workers = executor.workers();
            return workers > 3 ? workers - 2 : workers > 1 ? workers - 1 : 0;
        }

        /// A flow's own limit is asked for where flows have arguments of their own; in vain once, for a while no more.
        [[nodiscard]] duration longest_run(prefect::flow_run const& run) {
            if (planner.external != nullptr && agenda.passed() >= ask_again_) {
                if (auto const plan = planner(run, stop_)) return plan->max_run;
                ask_again_ = agenda.passed() + std::chrono::minutes{5};
            }
            return planner.settings.kwargs.max_run.value_or(planner.settings.max_run);
        }

        bool begun_ = false;
        duration ask_again_{}; ///< by the agenda
        std::stop_token stop_;
    };

    agent(agent_options options, parts<Policies>* shared) :
        options_{std::move(options)},
        own_{shared != nullptr ? nullptr : std::make_unique<service::own_parts<Policies>>(options_)},
        parts_{shared != nullptr ? *shared : own_->value} {}

    /// The first signal is told once, whether it comes while the agent opens or while it runs.
    void shut_down() {
        if (!told_.exchange(true))
            parts_.log.write(log_level::info, "Keyboard Interrupt received: Agent is shutting down.");
        stop();
    }

    [[nodiscard]] result<void> prepare() {
        if (works_) return {};
        service::complaints wrong;
        auto ready = service::prepare<Policies>(options_, parts_, own_ != nullptr, parts_.log, wrong);
        if (wrong.first) return *std::move(wrong.first);
        for (auto const& each : deploy::preflight(*ready.settings, ready.rules.capacity_plan)) {
            if (ready.settings->strict) return fail(errc::bad_configuration, each.line());
            parts_.log.write(log_level::warning, each.line());
        }
        if (auto usable = check_credentials(); !usable) return usable;
        options_.max_polls = ready.process.max_polls;
        options_.agent_address = ready.process.agent_address;
        service::introduce(options_, *ready.server, *ready.settings, parts_.log);
        if (ready.settings->external.enabled) parts_.log.write(log_level::info, "Use of external S3 kwargs enabled.");
        if (ready.settings->enable_task_revisions)
            parts_.log.write(log_level::info, "Native ECS task revisions enabled.");
        works_.emplace(parts_, book_, std::move(ready));
        for (auto usable : {works_->ecs.ready(), works_->tagging.ready()}) {
            if (usable) continue;
            works_.reset(); // and with it what could never launch anything
            return usable;
        }
        ready_.store(true, std::memory_order_release);
        return {};
    }

    /// A source that somebody set up wrongly stops the start; one that is silent or missing now may come later.
    [[nodiscard]] result<void> check_credentials() {
        auto const key = parts_.credentials.fetch(parts_.http, parts_.clock, parts_.environment);
        if (key) return {};
        if (key.error().code == errc::bad_configuration) return key.error();
        parts_.log.write(log_level::warning, "No AWS credentials yet: " + key.error().message);
        return {};
    }

    agent_options options_;
    std::unique_ptr<service::own_parts<Policies>> own_;
    parts<Policies>& parts_;
    service::health_book book_;
    std::stop_source stop_;
    std::optional<works> works_;
    bool opened_ = false;
    std::atomic<bool> ready_{false}; ///< `works_` stands and may be used by other threads
    std::atomic<bool> told_{false};
};

} // namespace fargate::inline v0

#endif
