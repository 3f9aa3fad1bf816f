#ifndef FARGATE_TESTS_ARCHETYPES_WORK_POOL_SOURCE_HPP
#define FARGATE_TESTS_ARCHETYPES_WORK_POOL_SOURCE_HPP

#include <fargate/prefect/flow_source.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The second kind of source: a work pool of Prefect 3, as far as its shape matters. What differs from Prefect 1:
// - a poll reserves nothing, offers runs ahead of their time, and they are launched then: the server holds the container;
// - a claim is a transition that the server answers in four ways, and a won one takes a lease of a concurrency slot;
// - a won claim can be given back: the next poll offers the run again;
// - heartbeats are of the lease and can fail: the slot may be somebody else's then;
// - a run that is being cancelled takes no other end than that.

namespace archetypes {

/// What a work pool's server says to a proposed state.
enum class proposal : unsigned char {
    accept, ///< it is in that state now
    reject, ///< it is in the state that the answer tells instead: the very one when the question was a repeat
    abort,  ///< another worker has it, or it has ended
    wait    ///< ask again, with a transition of its own
};

/// A work pool and its server in one. `Clock` is a `fargate::clock_policy`.
template <class Clock>
class work_pool_source {
public:
    /// The deployment's part of a run is fetched when it is planned, which may fail after a won claim.
    struct run {
        std::string id{};
        std::string name{};
        std::string deployment_id{};
        unsigned run_count = 0;
        std::string scheduled_state{}; ///< the id of the state that offers it: with the count its epoch
        fargate::time_point expected{};
    };

    explicit work_pool_source(Clock& clock, fargate::duration lease = std::chrono::minutes{5},
                              fargate::duration prefetch = std::chrono::seconds{10}) :
        clock_{&clock}, lease_{lease}, prefetch_{prefetch} {}
    work_pool_source(work_pool_source const&) = delete;
    work_pool_source& operator=(work_pool_source const&) = delete;

    fargate::result<void> open(std::stop_token stop) {
        if (stop.stop_requested()) return fargate::fail(fargate::errc::cancelled, "stopped");
        return {};
    }

    fargate::result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        std::vector<run> due;
        for (auto const& [id, each] : runs_)
            if (each.life == fargate::run_life::waiting && each.what.expected <= clock_->now() + prefetch_ &&
                std::find(busy.begin(), busy.end(), id) == busy.end())
                due.push_back(each.what);
        std::stable_sort(due.begin(), due.end(), [](run const& a, run const& b) { return a.expected < b.expected; });
        return due;
    }

    fargate::result<fargate::claim> claim(run const& wanted, std::stop_token) {
        using outcome = fargate::claim::outcome;
        std::scoped_lock const lock{mutex_};
        if (silent_) return fargate::claim{outcome::unclear, "no answer to the proposed state, nor to a look", {}};
        auto const found = runs_.find(wanted.id);
        if (found == runs_.end()) return fargate::claim{outcome::lost, "404: the run was deleted", {}};
        auto& row = found->second;
        switch (propose(row, wanted)) {
        case proposal::wait:
            return fargate::claim{outcome::later, "WAIT: no slot is free",
                                  std::exchange(row.wait, fargate::duration::zero())};
        case proposal::abort:
        case proposal::reject: return fargate::claim{outcome::lost, "the run cannot become PENDING", {}};
        case proposal::accept: break;
        }
        move(row, fargate::run_life::claimed);
        row.lease = clock_->now() + lease_;
        return fargate::claim{};
    }

    /// Gives a won claim back: what stands in the way is not the run's fault.
    fargate::result<void> release(run const& ours, std::string_view why, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(ours.id);
        if (found == runs_.end() || found->second.life != fargate::run_life::claimed)
            return fargate::fail(fargate::errc::lost_claim, "the run is not ours to give back");
        found->second.lines.emplace_back(why);
        found->second.lease.reset();
        found->second.what.scheduled_state += "'";
        move(found->second, fargate::run_life::waiting);
        return {};
    }

    fargate::result<std::vector<fargate::run_view<run>>> look(std::span<std::string const> ids, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        std::vector<fargate::run_view<run>> views;
        for (auto const& id : ids)
            if (auto const found = runs_.find(id); found != runs_.end()) views.push_back(view_of(found->second));
        return views;
    }

    fargate::result<std::vector<fargate::run_view<run>>> owned(std::stop_token) {
        std::scoped_lock const lock{mutex_};
        std::vector<fargate::run_view<run>> views;
        for (auto const& [id, each] : runs_)
            if (each.life == fargate::run_life::claimed && each.ours) views.push_back(view_of(each));
        return views;
    }

    fargate::result<std::vector<std::string>> cancelling(std::span<std::string const> ids, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        std::vector<std::string> found;
        for (auto const& id : ids)
            if (auto const row = runs_.find(id);
                row != runs_.end() &&
                (row->second.life == fargate::run_life::cancelling || row->second.life == fargate::run_life::cancelled))
                found.push_back(id);
        return found;
    }

    /// The infrastructure's id: `<cluster>::<task ARN>`.
    fargate::result<void> launched(std::string_view id, std::string_view handle, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        if (auto const found = runs_.find(id); found != runs_.end()) found->second.infrastructure = handle;
        return {};
    }

    /// The id of the Scheduled state that it is claimed from.
    std::string epoch(run const& of) { return of.scheduled_state; }

    /// CRASHED, which a run that is being cancelled refuses.
    fargate::result<bool> failed(std::string_view id, std::string_view epoch, std::string_view reason,
                                 std::stop_token) {
        return end(id, epoch, reason, fargate::run_life::finished);
    }

    /// CANCELLED by force.
    fargate::result<bool> cancelled(std::string_view id, std::string_view epoch, std::string_view reason,
                                    std::stop_token) {
        return end(id, epoch, reason, fargate::run_life::cancelled);
    }

    fargate::result<void> note(std::string_view id, fargate::log_level, std::string_view text, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        if (auto const found = runs_.find(id); found != runs_.end()) found->second.lines.emplace_back(text);
        return {};
    }

    /// Renews the lease.
    fargate::result<void> heartbeat(std::string_view id, std::stop_token) {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(id);
        if (found == runs_.end() || !found->second.lease || *found->second.lease <= clock_->now())
            return fargate::fail(fargate::errc::lost_claim, "410: the lease ran out");
        found->second.lease = clock_->now() + lease_;
        return {};
    }

    // --- The other side

    void schedule(run made) {
        std::scoped_lock const lock{mutex_};
        entry fresh;
        fresh.what = std::move(made);
        auto id = fresh.what.id;
        move(fresh, fargate::run_life::waiting);
        runs_.insert_or_assign(std::move(id), std::move(fresh));
    }
    /// The next claim of the run is told to wait so long.
    void hold(std::string_view id, fargate::duration wait) {
        std::scoped_lock const lock{mutex_};
        if (auto const found = runs_.find(id); found != runs_.end()) found->second.wait = wait;
    }
    /// What the flow itself, a user or another worker does to it.
    void set(std::string_view id, fargate::run_life life, bool ours = true) {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(id);
        if (found == runs_.end()) return;
        move(found->second, life);
        found->second.ours = ours;
    }
    /// While it is, nothing answers.
    void silence(bool on) {
        std::scoped_lock const lock{mutex_};
        silent_ = on;
    }
    [[nodiscard]] std::vector<std::string> lines(std::string_view id) const {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(id);
        return found == runs_.end() ? std::vector<std::string>{} : found->second.lines;
    }
    [[nodiscard]] std::string infrastructure(std::string_view id) const {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(id);
        return found == runs_.end() ? std::string{} : found->second.infrastructure;
    }

private:
    struct entry {
        run what{};
        fargate::run_life life = fargate::run_life::waiting;
        fargate::time_point since{};
        bool ours = true;
        fargate::duration wait{};
        std::optional<fargate::time_point> lease{};
        std::string infrastructure{};
        std::vector<std::string> lines{};
    };

    /// A transition to PENDING. The server itself would take it on a run that has ended well: a look comes first.
    static proposal propose(entry const& of, run const& wanted) {
        if (of.life != fargate::run_life::waiting) return proposal::abort;
        if (of.what.scheduled_state != wanted.scheduled_state) return proposal::reject;
        if (of.wait == fargate::duration::zero()) return proposal::accept;
        return proposal::wait;
    }

    void move(entry& of, fargate::run_life life) {
        of.life = life;
        of.since = clock_->now();
    }

    fargate::run_view<run> view_of(entry const& of) const { return {of.what, of.life, of.ours, of.since}; }

    fargate::result<bool> end(std::string_view id, std::string_view epoch, std::string_view reason,
                              fargate::run_life life) {
        std::scoped_lock const lock{mutex_};
        auto const found = runs_.find(id);
        if (found == runs_.end()) return false;
        auto& row = found->second;
        if (!epoch.empty() && epoch != row.what.scheduled_state) return false;
        row.lines.emplace_back(reason);
        bool const over = row.life == fargate::run_life::finished || row.life == fargate::run_life::cancelled;
        bool const refused = row.life == fargate::run_life::cancelling && life != fargate::run_life::cancelled;
        if (over || refused || row.life == fargate::run_life::waiting) return false;
        move(row, life);
        row.lease.reset();
        return true;
    }

    Clock* clock_;
    fargate::duration lease_;
    fargate::duration prefetch_;
    mutable std::mutex mutex_;
    std::map<std::string, entry, std::less<>> runs_;
    bool silent_ = false;
};

} // namespace archetypes

#endif
