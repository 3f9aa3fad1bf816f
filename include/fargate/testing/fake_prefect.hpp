#ifndef FARGATE_TESTING_FAKE_PREFECT_HPP
#define FARGATE_TESTING_FAKE_PREFECT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/exchange_log.hpp>
#include <fargate/testing/fault_plan.hpp>
#include <fargate/testing/graphql_check.hpp>
#include <fargate/testing/graphql_document.hpp>
#include <fargate/testing/prefect_gate.hpp>
#include <fargate/testing/prefect_schema.hpp>
#include <fargate/testing/prefect_store.hpp>
#include <fargate/testing/row_filter.hpp>
#include <fargate/testing/time_source.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// Which Prefect 1 backend the fake plays.
struct prefect_setup {
    bool cloud = false;    ///< Cloud: tokens are checked, `auth_info` exists, no tenant is needed
    std::string token{};   ///< Cloud's one good API token
    std::string api_key{}; ///< Cloud's one good API key; a tenant beside it must be the fake's own
    std::string token_scope = "RUNNER";
    bool may_switch_tenant = true;            ///< Cloud: whether the token is a person's, who may enter tenants
    std::vector<std::string> other_tenants{}; ///< seen behind the fake's own
    duration access_lifetime = std::chrono::minutes{10}; ///< of what `switch_tenant` grants
    std::size_t requests_a_minute = 0;                   ///< more are answered 429 with `Retry-After`; 0: any number
    bool run_config_on_flow_run = false;                 ///< Server 2021-01-05 and newer
    duration submitted_lock{};                           ///< 30 s from Server 2021-10-21 on; zero is none
    bool version_locking = false; ///< states with a stale version are refused; those without one are not
    bool no_tenant = false;       ///< a Server nobody has made a tenant on yet
};

/// The GraphQL API of Prefect 1 in memory: an `http_policy` model with runs, agents, logs and their rules.
///
/// Requests are parsed and held against the schema as the real server does: what it does not know is answered 400 with
/// Apollo's codes, what a resolver refuses 200 with `errors`. Runs are put in as rows of the agent's metadata query
/// (`add_flow_run`), given out by the queue's rules (due, labels, 25 a page), and moved by the states that come in.
///
///     fargate::testing::fake_prefect prefect;
///     prefect.add_flow_run(row);
///     ... prefect.history(id), prefect.logs(id), prefect.heartbeats(id)
///
/// Faults name an operation by its field: `get_runs_in_queue`. All members may be called from several threads at once.
class fake_prefect {
public:
    explicit fake_prefect(prefect_setup setup = {}, time_source now = wall_time()) :
        setup_{std::move(setup)}, now_{std::move(now)}, types_{{setup_.cloud, setup_.run_config_on_flow_run}} {
        store_.submitted_lock = setup_.submitted_lock;
        store_.version_locking = setup_.version_locking;
        gate_.token = setup_.token;
        gate_.api_key = setup_.api_key;
        gate_.access_lifetime = setup_.access_lifetime;
        gate_.requests_a_minute = setup_.requests_a_minute;
    }
    fake_prefect(fake_prefect const&) = delete;
    fake_prefect& operator=(fake_prefect const&) = delete;

    [[nodiscard]] result<http::response> send(http::request const& request);

    [[nodiscard]] fault_plan& faults() noexcept { return faults_; }
    [[nodiscard]] exchange_log const& log() const noexcept { return log_; }
    [[nodiscard]] std::string const& tenant_id() const noexcept { return store_.tenant_id; }

    /// Puts in a run, as the metadata query's answer shows one. Missing columns get sensible values; an unscheduled row
    /// becomes due at once.
    void add_flow_run(json::value row) {
        std::scoped_lock const lock{mutex_};
        store_.add(std::move(row), now_());
    }
    /// Puts in every run of a recorded metadata answer: `{"data": {"flow_run": [...]}}`.
    void add_flow_runs(json::value const& answer) {
        if (auto const* const data = json::object_of(answer, "data"))
            if (auto const* const rows = json::array_of(*data, "flow_run"))
                for (auto const& each : *rows) add_flow_run(each);
    }
    void add_agent_config(std::string id, json::value settings) {
        std::scoped_lock const lock{mutex_};
        store_.agent_configs.push_back(json::value{{"id", std::move(id)},
                                                   {"tenant_id", store_.tenant_id},
                                                   {"name", nullptr},
                                                   {"settings", std::move(settings)}});
    }

    /// Ends every access that `switch_tenant` has granted.
    void revoke_access() {
        std::scoped_lock const lock{mutex_};
        gate_.revoke();
    }

    /// Moves a run from the other side: the flow itself, a user's hand. See `prefect_state`.
    result<void> set_state(std::string_view flow_run_id, json::value const& state) {
        std::scoped_lock const lock{mutex_};
        auto const* const row = store_.find_flow_run(flow_run_id);
        auto const version = row != nullptr ? json::integer_of(*row, "version") : std::nullopt;
        return store_.set_flow_run_state(flow_run_id, state, version, {}, now_());
    }
    /// Lets the server's Lazarus look once; returns how many runs it scheduled again.
    std::size_t raise_silent_runs(duration silence = std::chrono::minutes{10}) {
        std::scoped_lock const lock{mutex_};
        return store_.raise_silent_runs(silence, now_());
    }

    /// The run's row as it is now; null when there is none.
    [[nodiscard]] json::value flow_run(std::string_view id) const {
        std::scoped_lock const lock{mutex_};
        auto const* const row = store_.find_flow_run(id);
        return row != nullptr ? *row : json::value{};
    }
    /// The name of the state it is in.
    [[nodiscard]] std::string state(std::string_view id) const {
        return std::string{json::text_of(flow_run(id), "state").value_or("")};
    }
    /// Every state it has been in, the first one included.
    [[nodiscard]] std::vector<state_entry> history(std::string_view id) const {
        std::scoped_lock const lock{mutex_};
        return store_.history(id);
    }
    /// The lines of a run's log; of all runs, when the id is empty.
    [[nodiscard]] std::vector<run_log> logs(std::string_view id = {}) const {
        std::scoped_lock const lock{mutex_};
        std::vector<run_log> made;
        for (auto const& each : store_.logs)
            if (id.empty() || each.flow_run_id == id) made.push_back(each);
        return made;
    }
    [[nodiscard]] std::size_t heartbeats(std::string_view id) const {
        std::scoped_lock const lock{mutex_};
        return store_.beats(id);
    }
    [[nodiscard]] std::vector<known_agent> agents() const {
        std::scoped_lock const lock{mutex_};
        return store_.agents;
    }

private:
    static http::response answer(int status, json::value const& body) {
        http::response made;
        made.status = status;
        made.headers.add("Content-Type", "application/json; charset=utf-8");
        made.body = json::write(body);
        return made;
    }
    /// One entry of `errors`; `at` and `path` are left out when they are empty.
    static json::value entry(std::string const& message, std::string const& code, graphql::place const* at,
                             std::string const& path) {
        json::value made{{"message", message}};
        if (at != nullptr)
            json::set(made, "locations", json::value::array({json::value{{"line", at->line}, {"column", at->column}}}));
        if (!path.empty()) json::set(made, "path", json::value::array({path}));
        json::set(made, "extensions", json::value{{"code", code}});
        return made;
    }
    static http::response refused(graphql::problem const& why) {
        json::value errors = json::value::array({entry(why.message, why.code, &why.at, {})});
        return answer(400, json::value{{"errors", std::move(errors)}});
    }
    /// A resolver's error: 200, and the field is null. Only Apollo itself tells locations.
    static http::response unresolved(graphql::field const& of, std::string const& message, std::string const& code) {
        auto const* const at = code == "INTERNAL_SERVER_ERROR" ? &of.at : nullptr;
        json::value errors = json::value::array({entry(message, code, at, of.alias)});
        json::value data = nullptr;
        if (code != "UNAUTHENTICATED") json::set(data, of.alias, nullptr);
        return answer(200, json::value{{"errors", std::move(errors)}, {"data", std::move(data)}});
    }

    struct body_parts {
        graphql::operation asked{};
        json::value variables{};
    };
    [[nodiscard]] result<body_parts> read(http::request const& request) const;
    [[nodiscard]] http::response serve(http::request const& request, body_parts const& parts, time_point now);
    [[nodiscard]] result<json::value> resolve(graphql::field const& of, graphql::checker const& values,
                                              http::request const& request, time_point now);
    [[nodiscard]] result<json::value> mutate(std::string_view name, json::value const& input,
                                             http::request const& request, time_point now);
    [[nodiscard]] result<json::value> let_in(std::string_view name, json::value const& input,
                                             http::request const& request, time_point now);
    [[nodiscard]] json::value tenants() const;
    [[nodiscard]] result<json::value> register_agent(json::value const& input, http::request const& request);

    [[nodiscard]] static result<http::response> spoiled(fault const& what, graphql::field const& of) {
        if (what.what == fault::kind::answer) return what.http;
        if (what.what != fault::kind::refusal) return detail::unanswered(what);
        if (what.why.http_status == 200) return unresolved(of, what.why.message, what.why.service_code);
        json::value errors = json::value::array({entry(what.why.message, what.why.service_code, nullptr, {})});
        return answer(what.why.http_status, json::value{{"errors", std::move(errors)}});
    }

    prefect_setup setup_;
    time_source now_;
    graphql::schema types_;
    mutable std::mutex mutex_;
    prefect_store store_;
    prefect_gate gate_;
    fault_plan faults_;
    exchange_log log_;
};

} // namespace fargate::inline v0::testing

#include <fargate/testing/prefect_resolvers.hpp>

#endif
