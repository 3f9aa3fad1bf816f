#ifndef FARGATE_TESTING_PREFECT_RESOLVERS_HPP
#define FARGATE_TESTING_PREFECT_RESOLVERS_HPP

#include <fargate/testing/fake_prefect.hpp>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How the fake Prefect reads a request and what each field does; the second half of fake_prefect.hpp.

namespace fargate::inline v0::testing {

namespace detail {

/// The items of a list input; GraphQL takes a single value for a list of one.
[[nodiscard]] inline std::vector<json::value> items_of(json::value const& input, std::string_view name) {
    auto const* const found = json::member(input, name);
    if (found == nullptr) return {};
    if (auto const* const items = found->get_ptr<json::value::array_t const*>()) return *items;
    return {*found};
}

[[nodiscard]] inline std::vector<std::string> texts_of(json::value const& input, std::string_view name) {
    std::vector<std::string> made;
    for (auto const& each : items_of(input, name)) made.emplace_back(json::as_text(each).value_or(""));
    return made;
}

} // namespace detail

inline result<http::response> fake_prefect::send(http::request const& request) {
    std::scoped_lock const lock{mutex_};
    time_point const now = now_();
    exchange seen;
    seen.at = now;
    seen.body = request.body;
    auto const parts = read(request);
    graphql::field const nothing{};
    graphql::field const& first = parts && !parts->asked.selection.empty() ? parts->asked.selection.front() : nothing;
    seen.operation = first.name;

    auto const planned = faults_.next(seen.operation, request.body);
    bool const before = planned && planned->when == fault::moment::before;
    result<http::response> made = fail(errc::internal, "nothing was decided");
    if (before) {
        made = spoiled(*planned, first);
    } else if (auto const pause = gate_.too_often(now)) {
        made = http::response{429, {{"Retry-After", std::to_string(pause->count())}}, "Too Many Requests"};
    } else if (!parts) {
        auto const& why = parts.error();
        made =
            why.service_code.empty()
                ? result<http::response>{http::response{why.http_status, {{"Content-Type", "text/html"}}, why.message}}
                : refused({why.service_code, why.message, {}});
    } else {
        made = serve(request, *parts, now);
        seen.lost = planned.has_value();
        if (planned) made = spoiled(*planned, first);
    }
    seen.status = made ? made->status : 0;
    log_.add(std::move(seen));
    return made;
}

/// The document and its variables. An error without a `service_code` is what stands in front of Apollo speaking.
inline result<fake_prefect::body_parts> fake_prefect::read(http::request const& request) const {
    auto const blocked = [](int status, std::string message) {
        error why = fail(errc::service_error, std::move(message));
        why.http_status = status;
        return why;
    };
    auto const bad = [](std::string message, std::string code) {
        error why = fail(errc::service_error, std::move(message));
        why.http_status = 400;
        why.service_code = std::move(code);
        return why;
    };
    if (request.method == "GET") return blocked(400, "GET query missing.");
    if (request.method != "POST") return blocked(405, "Apollo Server supports only GET/POST requests.");
    if (request.body.size() > 1024 * 1024)
        return blocked(413, "<pre>PayloadTooLargeError: request entity too large</pre>");
    if (!text::lower(request.headers.value_of("content-type")).starts_with("application/json"))
        return blocked(500, "POST body missing. Did you forget use body-parser middleware?");
    auto const body = json::parse(request.body);
    if (!body || (!body->is_object() && !body->is_array()))
        return blocked(400, "<pre>SyntaxError: Unexpected token in JSON</pre>");
    auto const text = json::text_of(*body, "query");
    if (!text) return blocked(400, "POST body missing, invalid Content-Type, or JSON object has no keys.");

    body_parts made;
    if (auto const* const given = json::member(*body, "variables")) {
        made.variables = *given;
        // Apollo takes the variables as an object or as a text that holds one.
        if (auto const inner = json::as_text(*given)) {
            auto const decoded = json::parse(*inner);
            if (!decoded) return blocked(400, "Variables are invalid JSON.");
            made.variables = *decoded;
        }
    }
    auto asked = graphql::parser::parse(*text);
    if (!asked) return bad(asked.error().message, "GRAPHQL_PARSE_FAILED");
    made.asked = std::move(*asked);
    return made;
}

inline http::response fake_prefect::serve(http::request const& request, body_parts const& parts, time_point now) {
    graphql::checker values{types_, parts.asked};
    if (auto const wrong = values.validate()) return refused(*wrong);
    if (auto const wrong = values.take(parts.variables)) return refused(*wrong);
    auto const& first = parts.asked.selection.front();
    using pass = prefect_gate::pass;
    if (auto const shown = gate_.shown_by(request, store_.tenant_id, now);
        setup_.cloud && (shown == pass::none || (shown == pass::refresh) != (first.name == "refresh_token")))
        return unresolved(first, "Unauthenticated", "UNAUTHENTICATED");

    json::value data = json::value::object();
    for (auto const& each : parts.asked.selection) {
        auto made = resolve(each, values, request, now);
        if (!made) {
            auto const& code = made.error().service_code;
            return unresolved(each, made.error().message, code.empty() ? "INTERNAL_SERVER_ERROR" : code);
        }
        json::set(data, each.alias, std::move(*made));
    }
    return answer(200, json::value{{"data", std::move(data)}});
}

inline result<json::value> fake_prefect::resolve(graphql::field const& of, graphql::checker const& values,
                                                 http::request const& request, time_point now) {
    if (of.name == "hello") return json::value("\xF0\x9F\x91\x8B");
    if (of.name == "__typename") return json::value("Query");
    if (of.name == "auth_info") {
        // A token has a scope and no tenant, a key the reverse.
        bool const key = gate_.shown_by(request, store_.tenant_id, now) == prefect_gate::pass::key;
        json::value info{{"api_token_scope", setup_.token_scope}, {"tenant_id", store_.tenant_id}};
        json::set(info, key ? "api_token_scope" : "tenant_id", nullptr);
        return graphql::project(of.selection, values, info, of.name);
    }
    std::vector<json::value const*> rows;
    json::value const known = tenants();
    if (of.name == "tenant")
        for (auto const& each : known) rows.push_back(&each);
    if (of.name == "flow_run") rows = store_.candidates(values.argument(of, "where"));
    if (of.name == "task_run")
        for (auto const& run : store_.flow_runs())
            for (auto const& each : *json::array_of(run, "task_runs")) rows.push_back(&each);
    if (of.name == "agent_config")
        for (auto const& each : store_.agent_configs) rows.push_back(&each);
    if (of.name == "agent")
        for (auto const& each : store_.agents) rows.push_back(&each.row);
    constexpr std::string_view tables[] = {"tenant", "flow_run", "task_run", "agent_config", "agent"};
    if (std::find(std::begin(tables), std::end(tables), of.name) != std::end(tables)) {
        json::value list = json::value::array();
        for (auto const* each : graphql::rows_for(of, values, std::move(rows)))
            list.push_back(graphql::project(of.selection, values, *each, of.name));
        return list;
    }
    auto const input = values.argument(of, "input");
    auto made = of.name == "switch_tenant" || of.name == "refresh_token" ? let_in(of.name, input, request, now)
                                                                         : mutate(of.name, input, request, now);
    if (!made) return made;
    return graphql::project(of.selection, values, *made, of.name);
}

inline json::value fake_prefect::tenants() const {
    json::value list = json::value::array();
    auto const add = [&](std::string const& id, std::string const& slug) {
        list.push_back(
            json::value{{"id", id}, {"name", slug}, {"slug", slug}, {"created", "2020-01-01T00:00:00+00:00"}});
    };
    if (!setup_.no_tenant) add(store_.tenant_id, "default");
    for (auto const& each : setup_.other_tenants) add(each, "other-" + std::to_string(list.size()));
    return list;
}

/// A person's way from the token to a tenant, and the way to stay there.
inline result<json::value> fake_prefect::let_in(std::string_view name, json::value const& input,
                                                http::request const& request, time_point now) {
    error refused = fail(errc::service_error, "Unauthenticated");
    refused.service_code = "UNAUTHENTICATED";
    if (name == "refresh_token") {
        auto renewed = gate_.renew(request, json::text_of(input, "access_token").value_or(""), now);
        if (!renewed) return refused;
        return *std::move(renewed);
    }
    auto const known = tenants();
    bool const there = std::any_of(known.begin(), known.end(), [&](json::value const& each) {
        return json::text_of(each, "id") == json::text_of(input, "tenant_id");
    });
    if (!there || !setup_.may_switch_tenant) return refused;
    return gate_.grant(now);
}

inline result<json::value> fake_prefect::mutate(std::string_view name, json::value const& input,
                                                http::request const& request, time_point now) {
    std::string const agent_id{request.headers.value_of("x-prefect-agent-id")};
    if (name == "register_agent") return register_agent(input, request);
    if (name == "get_runs_in_queue") {
        std::vector<std::string> const labels = detail::texts_of(input, "labels");
        auto const before = text::parse_iso8601(json::text_of(input, "before").value_or("")).value_or(now);
        auto const tenant = json::text_of(input, "tenant_id")
                                .value_or(setup_.cloud ? std::string_view{store_.tenant_id} : std::string_view{});
        for (auto& each : store_.agents)
            if (each.id == agent_id) {
                each.last_queried = now;
                json::set(each.row, "last_queried", text::iso8601(now));
            }
        return json::value{{"flow_run_ids", store_.queue(tenant, labels, before)}};
    }
    if (name == "set_flow_run_states" || name == "set_task_run_states") {
        bool const flows = name == "set_flow_run_states";
        // All elements are carried out, then the first error is told: the server gathers them.
        std::optional<error> wrong;
        json::value states = json::value::array();
        for (auto const& each : detail::items_of(input, "states")) {
            std::string const id{json::text_of(each, flows ? "flow_run_id" : "task_run_id").value_or("")};
            auto const* const state = json::member(each, "state");
            json::value const given = state != nullptr ? *state : json::value{};
            auto const moved =
                flows ? store_.set_flow_run_state(id, given, json::integer_of(each, "version"), agent_id, now)
                      : store_.set_task_run_state(id, given, now);
            if (!moved && !wrong) wrong = moved.error();
            states.push_back(json::value{{"id", id}, {"status", "SUCCESS"}, {"message", nullptr}});
        }
        if (wrong) return std::move(*wrong);
        return json::value{{"states", std::move(states)}};
    }
    if (name == "write_run_logs") {
        for (auto const& each : detail::items_of(input, "logs"))
            store_.logs.push_back({std::string{json::text_of(each, "flow_run_id").value_or("")},
                                   std::string{json::text_of(each, "name").value_or("")},
                                   std::string{json::text_of(each, "level").value_or("INFO")},
                                   std::string{json::text_of(each, "message").value_or("")}, now});
        return json::value{{"success", true}};
    }
    if (name == "update_flow_run_heartbeat") {
        auto const beaten = store_.beat(json::text_of(input, "flow_run_id").value_or(""), now);
        if (!beaten) return beaten.error();
        return json::value{{"success", true}};
    }
    return fail(errc::service_error, "no resolver for " + std::string{name});
}

inline result<json::value> fake_prefect::register_agent(json::value const& input, http::request const& request) {
    auto const tenant = json::text_of(input, "tenant_id");
    if (!setup_.cloud && tenant != store_.tenant_id) return fail(errc::service_error, "No tenant found.");
    std::vector<std::string> labels = detail::texts_of(input, "labels");
    std::sort(labels.begin(), labels.end());
    std::string const version{request.headers.value_of("x-prefect-core-version")};
    json::value row{{"tenant_id", store_.tenant_id},
                    {"name", std::string{json::text_of(input, "name").value_or("")}},
                    {"type", std::string{json::text_of(input, "type").value_or("")}},
                    {"core_version", version},
                    {"labels", labels}};
    std::string identity = json::write(row);
    for (auto const& each : store_.agents)
        if (each.identity == identity) return json::value{{"id", each.id}};
    std::string const digits = std::to_string(store_.agents.size() + 1);
    std::string id =
        "a9e47000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
    json::set(row, "id", id);
    store_.agents.push_back({id, std::move(row), std::move(identity), std::nullopt});
    return json::value{{"id", std::move(id)}};
}

} // namespace fargate::inline v0::testing

#endif
