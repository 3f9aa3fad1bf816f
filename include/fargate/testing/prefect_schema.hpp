#ifndef FARGATE_TESTING_PREFECT_SCHEMA_HPP
#define FARGATE_TESTING_PREFECT_SCHEMA_HPP

#include <fargate/testing/graphql_document.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing::graphql {

/// A type of the schema. `fields` reads `name:type` or `name(argument:type,...):type` with a blank between.
struct type_row {
    std::string_view name;
    std::string_view fields;
};

// clang-format off

/// What Prefect Server of late 2020 offers an agent: the resolvers' types, and the tables behind `flow_run`, `tenant` and
/// `agent_config` with the columns that matter here.
inline constexpr type_row object_types[] = {
    {"Query",
     "hello:String tenant(where:tenant_bool_exp,limit:Int,offset:Int,order_by:[tenant_order_by!]):[tenant!]! "
     "auth_info:auth_info_payload "
     "agent_config(where:agent_config_bool_exp,limit:Int,offset:Int,order_by:[agent_config_order_by!]):[agent_config!]! "
     "agent(where:agent_bool_exp,limit:Int,offset:Int,order_by:[agent_order_by!]):[agent!]! "
     "task_run(where:task_run_bool_exp,limit:Int,offset:Int,order_by:[task_run_order_by!]):[task_run!]! "
     "flow_run(where:flow_run_bool_exp,limit:Int,offset:Int,order_by:[flow_run_order_by!]):[flow_run!]!"},
    {"Mutation",
     "switch_tenant(input:switch_tenant_input!):access_payload "
     "refresh_token(input:refresh_token_input!):access_payload "
     "register_agent(input:register_agent_input!):agent_id_payload "
     "get_runs_in_queue(input:get_runs_in_queue_input!):runs_in_queue_payload "
     "set_flow_run_states(input:set_flow_run_states_input!):set_flow_run_states_payload "
     "set_task_run_states(input:set_task_run_states_input!):set_task_run_states_payload "
     "write_run_logs(input:write_run_logs_input!):success_payload "
     "update_flow_run_heartbeat(input:update_flow_run_heartbeat_input!):success_payload"},
    {"auth_info_payload", "api_token_scope:String tenant_id:UUID user_id:UUID"},
    {"access_payload", "access_token:String expires_at:DateTime refresh_token:String"},
    {"agent_id_payload", "id:UUID"},
    {"runs_in_queue_payload", "flow_run_ids:[String!]"},
    {"set_flow_run_states_payload", "states:[set_flow_run_state_payload!]"},
    {"set_flow_run_state_payload", "id:UUID status:String message:String"},
    {"set_task_run_states_payload", "states:[set_task_run_state_payload!]"},
    {"set_task_run_state_payload", "id:UUID status:String message:String"},
    {"success_payload", "success:Boolean error:String"},
    {"tenant", "id:uuid! name:String! slug:String! created:timestamptz!"},
    {"agent_config", "id:uuid! tenant_id:uuid! name:String settings:jsonb"},
    {"agent", "id:uuid! tenant_id:uuid name:String type:String! core_version:String labels:jsonb "
              "agent_config_id:uuid last_queried:timestamptz"},
    {"flow", "id:uuid! name:String! environment:jsonb run_config:jsonb storage:jsonb version:Int core_version:String "
             "archived:Boolean"},
    {"flow_run",
     "id:uuid! tenant_id:uuid! flow_id:uuid name:String labels:jsonb parameters:jsonb context:jsonb version:Int! "
     "heartbeat:timestamptz times_resurrected:Int agent_id:uuid auto_scheduled:Boolean "
     "scheduled_start_time:timestamptz! start_time:timestamptz end_time:timestamptz created:timestamptz "
     "updated:timestamptz state:String state_message:String state_start_time:timestamptz "
     "state_timestamp:timestamptz serialized_state:jsonb run_config:jsonb flow:flow! "
     "states(where:flow_run_state_bool_exp,limit:Int,offset:Int,order_by:[flow_run_state_order_by!]):[flow_run_state!]! "
     "task_runs(where:task_run_bool_exp,limit:Int,offset:Int,order_by:[task_run_order_by!]):[task_run!]!"},
    {"task_run",
     "id:uuid! flow_run_id:uuid! task_id:uuid! map_index:Int version:Int! heartbeat:timestamptz updated:timestamptz "
     "start_time:timestamptz end_time:timestamptz state:String state_message:String state_start_time:timestamptz "
     "state_timestamp:timestamptz serialized_state:jsonb "
     "states(where:task_run_state_bool_exp,limit:Int,offset:Int,order_by:[task_run_state_order_by!]):[task_run_state!]!"},
    {"flow_run_state", "version:Int state:String! timestamp:timestamptz! message:String start_time:timestamptz"},
    {"task_run_state", "version:Int state:String! timestamp:timestamptz! message:String start_time:timestamptz"},
};

inline constexpr type_row input_types[] = {
    {"switch_tenant_input", "tenant_id:UUID!"},
    {"refresh_token_input", "access_token:String!"},
    {"register_agent_input", "tenant_id:UUID labels:[String!] agent_config_id:UUID type:String! name:String"},
    {"get_runs_in_queue_input", "tenant_id:UUID! before:DateTime labels:[String!]"},
    {"set_flow_run_states_input", "states:[set_flow_run_state_input!]!"},
    {"set_flow_run_state_input", "flow_run_id:UUID! version:Int state:JSON!"},
    {"set_task_run_states_input", "states:[set_task_run_state_input!]!"},
    {"set_task_run_state_input", "task_run_id:UUID! version:Int state:JSON! flow_run_version:Int"},
    {"write_run_logs_input", "logs:[write_run_log_input!]!"},
    {"write_run_log_input", "flow_run_id:UUID! task_run_id:UUID timestamp:DateTime message:String name:String "
                            "level:log_level info:JSON"},
    {"update_flow_run_heartbeat_input", "flow_run_id:UUID!"},
};

// clang-format on

inline constexpr std::string_view scalar_types[] = {"String", "Int",   "Boolean",  "UUID",       "uuid",
                                                    "JSON",   "jsonb", "DateTime", "timestamptz"};
inline constexpr std::string_view log_levels[] = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"};

/// A field of an object type, or of an input type.
struct member {
    std::string name{};
    std::string type{};
    std::vector<std::pair<std::string, std::string>> arguments{};
};

/// Which optional parts a backend has.
struct dialect {
    bool cloud = false;                  ///< `auth_info`, `switch_tenant` and `refresh_token`, and tenants by token
    bool run_config_on_flow_run = false; ///< Server 2021-01-05 and newer
};

/// `[T!]!` without its outermost `!`.
[[nodiscard]] inline std::string_view nullable(std::string_view type) noexcept {
    return type.ends_with('!') ? type.substr(0, type.size() - 1) : type;
}

/// The name inside lists and `!`.
[[nodiscard]] inline std::string_view core(std::string_view type) noexcept {
    while (!type.empty() && (type.back() == '!' || type.back() == ']')) type.remove_suffix(1);
    while (!type.empty() && type.front() == '[') type.remove_prefix(1);
    return type;
}

[[nodiscard]] inline bool is_scalar(std::string_view type) noexcept {
    return std::find(std::begin(scalar_types), std::end(scalar_types), type) != std::end(scalar_types);
}

/// Looks types up, and makes those that every table brings along: `T_bool_exp`, `T_order_by`, `S_comparison_exp`.
class schema {
public:
    explicit schema(dialect which) : which_{which} {}

    /// The fields of an object type; nothing when there is none of that name.
    [[nodiscard]] std::optional<std::vector<member>> object(std::string_view name) const {
        auto made = read(object_types, name);
        if (!made) return std::nullopt;
        std::erase_if(*made, [&](member const& each) {
            bool const of_cloud =
                each.name == "auth_info" || each.name == "switch_tenant" || each.name == "refresh_token";
            return ((name == "Query" || name == "Mutation") && of_cloud && !which_.cloud) ||
                   (name == "flow_run" && each.name == "run_config" && !which_.run_config_on_flow_run);
        });
        return made;
    }

    /// The members of an input type; nothing when there is none of that name.
    [[nodiscard]] std::optional<std::vector<member>> input(std::string_view name) const {
        if (auto made = read(input_types, name)) {
            // Cloud knows the tenant from the token, so that a null one must do.
            if (which_.cloud && name == "get_runs_in_queue_input") (*made)[0].type = "UUID";
            return made;
        }
        constexpr std::string_view filter = "_bool_exp", order = "_order_by", comparison = "_comparison_exp";
        if (name.ends_with(comparison)) return comparisons(name.substr(0, name.size() - comparison.size()));
        bool const filters = name.ends_with(filter);
        if (!filters && !name.ends_with(order)) return std::nullopt;
        std::string_view const table = name.substr(0, name.size() - (filters ? filter : order).size());
        auto const columns = object(table);
        if (!columns || table == "Query" || table == "Mutation") return std::nullopt;
        std::vector<member> made;
        if (filters) {
            std::string const self{name};
            made = {{"_and", "[" + self + "]", {}}, {"_or", "[" + self + "]", {}}, {"_not", self, {}}};
        }
        for (auto const& each : *columns) {
            std::string const inner{core(each.type)};
            bool const scalar = is_scalar(inner);
            if (filters) made.push_back({each.name, inner + (scalar ? "_comparison_exp" : "_bool_exp"), {}});
            if (!filters && scalar) made.push_back({each.name, "order_by", {}});
        }
        return made;
    }

    [[nodiscard]] bool knows_input(std::string_view name) const {
        return is_scalar(name) || name == "log_level" || name == "order_by" || input(name).has_value();
    }

private:
    template <std::size_t Count>
    static std::optional<std::vector<member>> read(type_row const (&table)[Count], std::string_view name) {
        for (auto const& row : table)
            if (row.name == name) return read_members(row.fields);
        return std::nullopt;
    }

    static std::vector<member> read_members(std::string_view text) {
        std::vector<member> made;
        while (!text.empty()) {
            std::string_view word = text.substr(0, text.find(' '));
            text.remove_prefix(std::min(text.size(), word.size() + 1));
            member each;
            std::size_t const colon = word.find(':');
            std::size_t const open = word.find('(');
            if (open < colon) {
                std::size_t const close = word.find(')');
                std::string_view arguments = word.substr(open + 1, close - open - 1);
                while (!arguments.empty()) {
                    std::string_view const one = arguments.substr(0, arguments.find(','));
                    arguments.remove_prefix(std::min(arguments.size(), one.size() + 1));
                    std::size_t const at = one.find(':');
                    each.arguments.emplace_back(one.substr(0, at), one.substr(at + 1));
                }
                each.name = word.substr(0, open);
                each.type = word.substr(close + 2);
            } else {
                each.name = word.substr(0, colon);
                each.type = word.substr(colon + 1);
            }
            made.push_back(std::move(each));
        }
        return made;
    }

    static std::optional<std::vector<member>> comparisons(std::string_view scalar) {
        if (!is_scalar(scalar)) return std::nullopt;
        std::string const self{scalar};
        std::vector<member> made;
        for (auto const* name : {"_eq", "_neq", "_gt", "_gte", "_lt", "_lte"}) made.push_back({name, self, {}});
        for (auto const* name : {"_in", "_nin"}) made.push_back({name, "[" + self + "!]", {}});
        made.push_back({"_is_null", "Boolean", {}});
        if (scalar == "String")
            for (auto const* name : {"_like", "_ilike", "_nlike", "_nilike"}) made.push_back({name, self, {}});
        if (scalar == "jsonb") made.push_back({"_contains", self, {}});
        return made;
    }

    dialect which_;
};

} // namespace fargate::inline v0::testing::graphql

#endif
