#ifndef FARGATE_PREFECT_SERVER_HPP
#define FARGATE_PREFECT_SERVER_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/prefect/claimant.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/epoch.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/prefect/login.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/registration.hpp>
#include <fargate/prefect/run_log.hpp>
#include <fargate/prefect/run_states.hpp>
#include <fargate/prefect/run_views.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/prefect/state.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/random.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

namespace detail {

/// `['a', 'b']`, as the original's log lines list ids.
[[nodiscard]] inline std::string listed(std::span<std::string const> ids) {
    std::string text = "[";
    for (auto const& each : ids) text += (text.size() == 1 ? "'" : ", '") + each + "'";
    return text + "]";
}

[[nodiscard]] inline bool is_among(std::span<std::string const> ids, std::string_view id) noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Those that can be the id of a run: an API refuses to look for anything else.
[[nodiscard]] inline std::vector<std::string> uuids_of(std::span<std::string const> ids) {
    std::vector<std::string> kept;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(kept), [](auto const& each) { return is_uuid(each); });
    return kept;
}

[[nodiscard]] inline std::vector<std::span<std::string const>> pages_of(std::span<std::string const> all,
                                                                        std::size_t most) {
    std::vector<std::span<std::string const>> pages;
    for (; !all.empty(); all = all.subspan(pages.back().size())) pages.push_back(all.first(std::min(most, all.size())));
    return pages;
}

} // namespace detail

/// How far ahead runs are asked for with `settings::prefetch`.
inline constexpr std::chrono::seconds prefetched{10};

/// The `flow_source` of Prefect 0.13 to 1.x: a Server or Cloud with its GraphQL API. Keeps references to its policies,
/// which must outlive it and serve as many threads as call it.
template <http_policy Http, clock_policy Clock, log_policy Log>
class server {
public:
    using run = flow_run;

    /// How many runs the queue of a Server offers at most.
    static constexpr std::size_t most_offered = 25;

    server(Http& http, Clock& clock, Log& log, settings options, random_source bits = random_bits) :
        clock_{&clock},
        log_{&log},
        options_{std::move(options)},
        client_{http, clock, options_, bits},
        ourselves_{client_, log, options_},
        states_{client_},
        lines_{client_, options_.name} {}
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Makes this agent known and greets the API: `enroll`, then `greet`.
    [[nodiscard]] result<void> open(std::stop_token stop = {}) {
        if (auto enrolled = enroll(stop); !enrolled) return enrolled;
        return greet(stop);
    }

    /// What `registration::enroll` does.
    [[nodiscard]] result<void> enroll(std::stop_token stop = {}) { return ourselves_.enroll(stop); }

    /// What `registration::visit` does, in place of `enroll`.
    [[nodiscard]] result<void> visit(std::stop_token stop = {}) { return ourselves_.visit(stop); }

    /// Says hello. An API that does not answer is worth two lines in the log, and no error: polling goes on until it does.
    [[nodiscard]] result<void> greet(std::stop_token stop = {}) {
        log_->write(log_level::info, "Agent connecting to the Prefect API at " + api());
        if (auto const answer = client_.call(hello_query(), stop); !answer) {
            if (answer.error().code == errc::cancelled) return answer.error();
            log_->write(log_level::error, "There was an error connecting to " + api());
            log_->write(log_level::error, answer.error().message);
        }
        return {};
    }

    /// The runs that are due, the earliest first, without those in `busy`. `errc::bad_configuration` when a server has no
    /// tenant yet.
    [[nodiscard]] result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token stop = {}) {
        if (auto ready = ourselves_.catch_up(stop); !ready) return ready.error();
        auto const now = clock_->now();
        auto const wanted = queued(now, busy, stop);
        if (!wanted) return wanted.error();
        if (wanted->empty()) return std::vector<run>{};
        return metadata(*wanted, now, stop);
    }

    /// What `claimant::claim` does. A run that was found more than `stale_after` ago is looked at first: a server without a
    /// lock lets it be claimed whatever it has become, and what another agent's task has finished would start again.
    [[nodiscard]] result<fargate::claim> claim(run const& wanted, std::stop_token stop = {}) {
        return claimant<Http, Clock, Log>{client_, *log_, options_}.claim(wanted, std::move(stop), is_stale(wanted));
    }

    /// The same for several, in their order, with one request where that can be: what `claimant::claim_all` does.
    [[nodiscard]] std::vector<result<fargate::claim>> claim_all(std::span<run const* const> wanted,
                                                                std::stop_token stop = {}) {
        bool const fresh = std::all_of(wanted.begin(), wanted.end(),
                                       [&](run const* each) { return each->offered && !is_stale(*each); });
        if (fresh && wanted.size() > 1 && !client_.agent_id().empty())
            return claimant<Http, Clock, Log>{client_, *log_, options_}.claim_all(wanted, std::move(stop));
        std::vector<result<fargate::claim>> made;
        for (auto const* const each : wanted) made.push_back(claim(*each, stop));
        return made;
    }

    /// These runs as they are, in the order of the API; what is no UUID is no run.
    [[nodiscard]] result<std::vector<run_view<run>>> look(std::span<std::string const> ids, std::stop_token stop = {}) {
        std::vector<run_view<run>> views;
        auto const wanted = detail::uuids_of(ids);
        if (wanted.empty()) return views;
        auto const ours = ourselves_.fleet(false, stop);
        if (!ours) return ours.error();
        for (auto const page : detail::pages_of(wanted, most_views)) {
            auto const due = text::iso8601(clock_->now() - due_since);
            auto const answer = ask([&](run_columns const& known) { return look_query(page, due, known); }, stop);
            if (!answer) return answer.error();
            if (auto added = append_views(views, *answer, *ours); !added) return added.error();
        }
        return views;
    }

    /// The runs that we, or agents like us, have claimed and that have not begun, those of 500 that wait the longest.
    [[nodiscard]] result<std::vector<run_view<run>>> owned(std::stop_token stop = {}) {
        std::vector<run_view<run>> views;
        auto const ours = ourselves_.fleet(true, stop);
        if (!ours) return ours.error();
        if (ours->empty()) return views;
        for (std::size_t from = 0; from != most_owned; from += most_views) {
            auto const due = text::iso8601(clock_->now() - due_since);
            auto const answer =
                ask([&](run_columns const& known) { return owned_query(*ours, due, known, from, most_views); }, stop);
            if (!answer) return answer.error();
            auto const added = append_views(views, *answer, *ours);
            if (!added) return added.error();
            if (*added != most_views) break;
        }
        return views;
    }

    /// Those of the runs that are Cancelling or Cancelled.
    [[nodiscard]] result<std::vector<std::string>> cancelling(std::span<std::string const> ids,
                                                              std::stop_token stop = {}) {
        std::vector<std::string> found;
        auto const asked = detail::uuids_of(ids);
        for (auto const page : detail::pages_of(asked, most_ids)) {
            auto const answer = client_.call(cancelling_query(page), stop);
            if (!answer) return answer.error();
            auto const read = read_ids(*answer, "flow_run");
            if (!read) return read.error();
            for (auto const& each : *read)
                if (detail::is_among(page, each)) found.push_back(each);
        }
        return found;
    }

    /// Tells the run's log which task it became.
    [[nodiscard]] result<void> launched(std::string_view id, std::string_view handle, std::stop_token stop = {}) {
        return lines_.launched(id, handle, std::move(stop));
    }

    /// The same for several, in their order: what `run_log::launched` does.
    [[nodiscard]] std::vector<result<void>> launched_all(std::span<run_handle const> runs, std::stop_token stop = {}) {
        return lines_.launched(runs, std::move(stop));
    }

    /// The version that the run's newest waiting state had, and those of the task runs it is about.
    [[nodiscard]] std::string epoch(run const& of) const { return epoch_of(of); }

    /// Writes the reason into the run's log and sets the run to Failed, unless it has ended, waits to be claimed again or is
    /// in another epoch by then: no API compares for us, so it is looked at and set at once. Both are attempted; the error is
    /// that of the state when both fail. False for a run that the API does not know.
    [[nodiscard]] result<bool> failed(std::string_view id, std::string_view epoch, std::string_view reason,
                                      std::stop_token stop = {}) {
        return end(id, epoch, log_level::error, reason, failed_state(reason, options_.core_version), stop);
    }

    /// The same with Cancelled.
    [[nodiscard]] result<bool> cancelled(std::string_view id, std::string_view epoch, std::string_view reason,
                                         std::stop_token stop = {}) {
        return end(id, epoch, log_level::info, reason, cancelled_state(reason, options_.core_version), stop);
    }

    /// One line in the run's own log, cut to `longest_message`.
    [[nodiscard]] result<void> note(std::string_view id, log_level level, std::string_view text,
                                    std::stop_token stop = {}) {
        return lines_.note(id, level, text, std::move(stop));
    }

    /// Keeps the API from taking the run for dead while its task starts.
    [[nodiscard]] result<void> heartbeat(std::string_view id, std::stop_token stop = {}) {
        auto const answer = client_.finish(heartbeat_mutation(id), stop);
        if (!answer) return answer.error();
        return read_success(*answer, "update_flow_run_heartbeat");
    }

private:
    static constexpr std::size_t most_views = 100; ///< whole runs in one answer
    static constexpr std::size_t most_owned = 500;
    static constexpr std::size_t most_ids = 500; ///< in one question whose answer is short
    static constexpr std::chrono::seconds due_since{3};
    static constexpr std::chrono::seconds stale_after{5};

    [[nodiscard]] bool is_stale(run const& wanted) const {
        return wanted.offered && clock_->now() - *wanted.offered > stale_after;
    }

    [[nodiscard]] std::string api() const { return std::string{api_of(options_)}; }

    /// The ids that the queue offers and that are not busy, each once.
    [[nodiscard]] result<std::vector<std::string>> queued(time_point now, std::span<std::string const> busy,
                                                          std::stop_token stop) {
        log_->write(log_level::debug, "Querying for flow runs");
        auto const before = text::iso8601(options_.prefetch ? now + prefetched : now);
        auto const answer = client_.call(runs_in_queue_mutation(before, options_.labels, ourselves_.tenant()), stop);
        if (!answer) return answer.error();
        auto const offered = read_runs_in_queue(*answer);
        if (!offered) return offered.error();
        std::vector<std::string> fresh;
        std::vector<std::string> submitting;
        for (auto const& id : *offered) {
            auto& list = detail::is_among(busy, id) ? submitting : fresh;
            if (!detail::is_among(list, id)) list.push_back(id);
        }
        std::string line = offered->empty() ? "No flow runs found" : "Found flow runs " + detail::listed(*offered);
        if (!submitting.empty())
            line +=
                " (" + std::to_string(submitting.size()) + " already submitting: " + detail::listed(submitting) + ")";
        log_->write(log_level::debug, line);
        return fresh;
    }

    /// The metadata of those of `ids` that are still due, ordered by their scheduled start as text.
    [[nodiscard]] result<std::vector<run>> metadata(std::span<std::string const> ids, time_point now,
                                                    std::stop_token stop) {
        log_->write(log_level::debug, "Querying flow run metadata");
        auto const due = text::iso8601(now - due_since);
        auto const answer =
            ask([&](run_columns const& known) { return flow_runs_query(ids, due, known.configs); }, stop);
        if (!answer) return answer.error();
        auto runs = read_flow_runs(*answer);
        if (!runs) return runs;
        std::erase_if(*runs, [&](run const& each) { return !detail::is_among(ids, each.id); });
        for (auto& each : *runs) each.offered = now;
        if (options_.prefetch)
            for (auto& each : *runs)
                if (auto const start = due_time_of(each)) each.not_before = std::min(*start, now + prefetched);
        std::stable_sort(runs->begin(), runs->end(), [](run const& left, run const& right) {
            return left.scheduled_start_time < right.scheduled_start_time;
        });
        return runs;
    }

    /// Asks for columns that not every API knows, and again without those that it refuses.
    template <class Query>
    [[nodiscard]] result<json::value> ask(Query query, std::stop_token const& stop) {
        for (;;) {
            auto const asked = columns();
            auto answer = client_.call(query(asked), stop);
            if (answer || !drop_column(asked, answer.error())) return answer;
        }
    }

    [[nodiscard]] run_columns columns() const {
        std::scoped_lock const lock{mutex_};
        return columns_;
    }

    /// Notes which of the columns that were asked for is the one refused; false when it is none.
    [[nodiscard]] bool drop_column(run_columns const& asked, error const& why) {
        char const* told = nullptr;
        std::scoped_lock const lock{mutex_};
        if (asked.configs == run_configs::of_runs_and_flows && lacks_run_configs(why)) {
            columns_.configs = run_configs::of_flows;
            told = "The Prefect API knows no run_config of flow runs: their flows' own count";
        } else if (asked.histories && lacks_histories(why)) {
            columns_.histories = false;
            told = "The Prefect API shows no past states of runs: one that was submitted twice may look like another";
        }
        if (told != nullptr) log_->write(log_level::debug, told);
        return told != nullptr;
    }

    /// Adds what is not among them yet; the number of runs in the answer.
    [[nodiscard]] static result<std::size_t> append_views(std::vector<run_view<run>>& views, json::value const& answer,
                                                          std::span<std::string const> ours) {
        auto read = read_run_views(answer, ours);
        if (!read) return read.error();
        for (auto& each : *read)
            if (std::none_of(views.begin(), views.end(), [&](auto const& one) { return one.run.id == each.run.id; }))
                views.push_back(std::move(each));
        return read->size();
    }

    /// Whether the run has been scheduled again since. A run that was relaunched for its task runs has an epoch that can be
    /// told while these are claimed only.
    [[nodiscard]] result<bool> has_moved_on(std::string_view id, std::string_view epoch, std::stop_token const& stop) {
        std::string const ids[] = {std::string{id}};
        auto const views = look(ids, stop);
        if (!views) return views.error();
        if (views->empty()) return false;
        auto const& now = views->front();
        bool const of_tasks = epoch.find(',') != std::string_view::npos;
        if (now.life == run_life::waiting || (of_tasks && now.life != run_life::claimed)) return false;
        return epoch_of(now.run) != epoch;
    }

    [[nodiscard]] result<bool> end(std::string_view id, std::string_view epoch, log_level level,
                                   std::string_view reason, json::value state, std::stop_token const& stop) {
        if (!epoch.empty()) {
            auto const moved_on = has_moved_on(id, epoch, stop);
            if (!moved_on) return moved_on.error();
            if (*moved_on) return false;
        }
        auto const noted = note(id, level, reason, stop);
        auto const now = states_.read("flow_run", id, stop);
        if (now && !*now) return false;
        auto set = now ? end_from(id, **now, std::move(state), stop) : result<bool>{now.error()};
        if (!set && !noted) set.error().message += ", nor could its log be written";
        return set && !noted ? noted.error() : set;
    }

    [[nodiscard]] result<bool> end_from(std::string_view id, standing const& now, json::value state,
                                        std::stop_token const& stop) {
        switch (life_of(now.state)) {
        case run_life::claimed:
        case run_life::running:
        case run_life::cancelling: break;
        case run_life::waiting:
        case run_life::cancelled:
        case run_life::finished: return false;
        }
        if (auto const set = states_.set_flow_run(id, now.version, std::move(state), stop); !set) return set.error();
        return true;
    }

    Clock* clock_;
    Log* log_;
    settings options_;
    client<Http, Clock> client_;
    registration<Http, Clock, Log> ourselves_;
    run_states<Http, Clock> states_;
    run_log<Http, Clock> lines_;

    mutable std::mutex mutex_;
    run_columns columns_{}; ///< until the API refuses
};

} // namespace fargate::inline v0::prefect

#endif
