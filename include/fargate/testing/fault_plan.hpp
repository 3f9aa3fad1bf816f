#ifndef FARGATE_TESTING_FAULT_PLAN_HPP
#define FARGATE_TESTING_FAULT_PLAN_HPP

#include <fargate/core/error.hpp>
#include <fargate/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// One thing that goes wrong with one request to a fake.
struct fault {
    enum class kind : unsigned char {
        drop,        ///< the connection breaks: `errc::connection_failed`
        stall,       ///< no answer inside the deadline: `errc::timed_out`
        answer,      ///< `http`, whatever it says: a proxy's HTML page, half a body
        refusal,     ///< the service's own error, in the service's own form
        task_failure ///< RunTask: 200 with `failures[]` and no task, committed like any result
    };
    enum class moment : unsigned char {
        before, ///< the service did nothing
        after   ///< the service did what was asked, and its answer is lost
    };

    fault::kind what = kind::drop;
    fault::moment when = moment::before;
    http::response http{}; ///< for `answer`
    error why{};           ///< for `refusal` (`http_status`, `service_code`, `message`) and `task_failure` (`message`)

    /// The same, after the service has done what was asked.
    [[nodiscard]] fault after() const {
        fault made = *this;
        made.when = moment::after;
        return made;
    }
};

[[nodiscard]] inline fault dropped() { return {}; }

[[nodiscard]] inline fault stalled() {
    fault made;
    made.what = fault::kind::stall;
    return made;
}

[[nodiscard]] inline fault answered(int status, std::string body = {}, http::fields headers = {}) {
    fault made;
    made.what = fault::kind::answer;
    made.http = {status, std::move(headers), std::move(body)};
    return made;
}

[[nodiscard]] inline fault refused(int status, std::string code, std::string message) {
    fault made;
    made.what = fault::kind::refusal;
    made.why = fail(errc::service_error, std::move(message));
    made.why.http_status = status;
    made.why.service_code = std::move(code);
    return made;
}

/// ECS's answer to too many calls. (The tagging API says `ThrottledException`: use `refused`.)
[[nodiscard]] inline fault throttled() { return refused(400, "ThrottlingException", "Rate exceeded"); }

/// RunTask finds no place for the task; the words are Fargate's for want of capacity.
[[nodiscard]] inline fault
no_capacity(std::string reason = "Capacity is unavailable at this time. Please try again later or in a different "
                                 "availability zone") {
    fault made;
    made.what = fault::kind::task_failure;
    made.why = fail(errc::service_error, std::move(reason));
    return made;
}

/// Which requests go wrong, and how. An operation is named as the service names it: `RunTask`, `GetObject`,
/// `set_flow_run_states`; a number counts from 0 at the moment the plan is made, over all operations or over those of one
/// name. Every request is counted, also one that a fault hits. May be used from several threads.
class fault_plan {
public:
    using decision =
        std::function<std::optional<fault>(std::string_view operation, std::size_t number, std::string_view body)>;

    /// The `number`-th request from now on, whatever it is.
    void fail(std::size_t number, fault what) { plan({}, number, 1, std::move(what)); }

    /// The `number`-th request of that name from now on.
    void fail(std::string operation, std::size_t number, fault what) {
        plan(std::move(operation), number, 1, std::move(what));
    }

    /// The next `count` requests of that name.
    void fail_next(std::string operation, std::size_t count, fault what) {
        plan(std::move(operation), 0, count, std::move(what));
    }

    /// Every request of that name (of any, when it is empty) until `clear`.
    void fail_always(std::string operation, fault what) {
        plan(std::move(operation), 0, static_cast<std::size_t>(-1), std::move(what));
    }

    /// Asks `decide` for every request that no other entry hits: for chaos with a seed, or for a subnet that has no
    /// addresses left. It knows the request's body, and must not call the fake.
    void decide_by(decision decide) {
        std::scoped_lock const lock{mutex_};
        decide_ = std::move(decide);
    }

    void clear() {
        std::scoped_lock const lock{mutex_};
        entries_.clear();
        decide_ = nullptr;
    }

    /// Counts one request and tells its fault; asked by the fakes, once a request.
    [[nodiscard]] std::optional<fault> next(std::string_view operation, std::string_view body = {}) {
        std::scoped_lock const lock{mutex_};
        std::size_t const total = total_++;
        std::size_t const of_name = counts_[std::string{operation}]++;
        for (auto const& each : entries_) {
            if (!each.operation.empty() && each.operation != operation) continue;
            std::size_t const number = each.operation.empty() ? total : of_name;
            if (number >= each.first && number - each.first < each.count) return each.what;
        }
        return decide_ ? decide_(operation, total, body) : std::nullopt;
    }

private:
    struct entry {
        std::string operation;
        std::size_t first;
        std::size_t count;
        fault what;
    };

    void plan(std::string operation, std::size_t number, std::size_t count, fault what) {
        std::scoped_lock const lock{mutex_};
        std::size_t const seen = operation.empty() ? total_ : counts_[operation];
        entries_.push_back({std::move(operation), seen + number, count, std::move(what)});
    }

    std::mutex mutex_;
    std::vector<entry> entries_;
    std::map<std::string, std::size_t> counts_;
    std::size_t total_ = 0;
    decision decide_;
};

} // namespace fargate::inline v0::testing

#endif
