#ifndef FARGATE_AWS_ECS_HPP
#define FARGATE_AWS_ECS_HPP

#include <fargate/aws/answer.hpp>
#include <fargate/aws/api_rate.hpp>
#include <fargate/aws/client.hpp>
#include <fargate/aws/ecs_types.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// Amazon ECS. Inputs are JSON objects with the member names of AWS's API reference, sent as they are; outputs are the
/// structs of ecs_types.hpp. Every operation is repeated as `client` says, with these to know:
///
/// - `run_task` gives an input without `clientToken` a random one, the same for all attempts, so that a repeat after a lost
///   answer starts no second task (`client_options::client_tokens` switches it off). An answer may hold `failures`
///   beside or instead of tasks: that is data, not an error. ConflictException carries the tasks of the first call in
///   `error::resources`.
/// - `register_task_definition` has no such token: after a lost answer a repeat may leave one revision more. Who minds
///   compares what DescribeTaskDefinition says of the family, as `deploy::definitions` does.
///
/// Calls wait their turn where they would come faster than ECS lets them, by the client's own count: see `ecs_rates`, whose
/// numbers may be given (`client_options::api_rates` switches that off). No call waits while the burst lasts.
///
/// Keeps references to `parts`, any struct with the members http, credentials, clock, environment, retry and hash of the
/// bundle's types, e.g. `aws::parts<Policies>`. May be used from several threads as far as they may.
template <policies Policies>
class ecs {
public:
    static constexpr std::size_t longest_overrides = 8192; ///< of RunTask, their JSON included

    template <class Parts>
    explicit ecs(Parts& parts, client_options options = {}, ecs_rates const& rates = {}) :
        client_{parts, ecs_service, std::move(options)}, buckets_{rates} {}

    /// Why no call can succeed, as far as it is known without making one: what was wrong with options, environment or files
    /// when this was made.
    [[nodiscard]] result<void> ready() const { return client_.ready(); }

    [[nodiscard]] result<task_definition_output> register_task_definition(json::value const& input,
                                                                          std::stop_token stop = {}) {
        return ask<task_definition_output>("RegisterTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<task_definition_output> deregister_task_definition(json::value const& input,
                                                                            std::stop_token stop = {}) {
        return ask<task_definition_output>("DeregisterTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<task_definition_output> describe_task_definition(json::value const& input,
                                                                          std::stop_token stop = {}) {
        return ask<task_definition_output>("DescribeTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<list_output> list_task_definitions(json::value const& input, std::stop_token stop = {}) {
        return ask<list_output>("ListTaskDefinitions", input, std::move(stop));
    }

    [[nodiscard]] result<run_task_output> run_task(json::value const& input, std::stop_token stop = {}) {
        auto body = written("RunTask", input);
        if (!body) return std::move(body).error();
        if (client_.options().parameter_validation && body->size() > longest_overrides) {
            auto const* const overrides = json::object_of(input, "overrides");
            if (overrides != nullptr && json::write(*overrides).size() > longest_overrides)
                return client_.named("RunTask",
                                     fail(errc::invalid_argument, "overrides are longer than the " +
                                                                      std::to_string(longest_overrides) +
                                                                      " characters that ECS takes: shorten them"));
        }
        if (client_.options().client_tokens && json::member(input, "clientToken") == nullptr)
            add_token(*body, input, random_uuid(client_.options().random));
        return ask<run_task_output>("RunTask", input, *std::move(body), std::move(stop));
    }

    /// `Output` may be a type of the caller's that reads less of many tasks: a `describe_tasks_output` with `members` and
    /// `from` of its own.
    template <class Output = describe_tasks_output>
    [[nodiscard]] result<Output> describe_tasks(json::value const& input, std::stop_token stop = {}) {
        return ask<Output>("DescribeTasks", input, std::move(stop));
    }

    [[nodiscard]] result<list_output> list_tasks(json::value const& input, std::stop_token stop = {}) {
        return ask<list_output>("ListTasks", input, std::move(stop));
    }

    [[nodiscard]] result<stop_task_output> stop_task(json::value const& input, std::stop_token stop = {}) {
        return ask<stop_task_output>("StopTask", input, std::move(stop));
    }

    [[nodiscard]] result<clusters_output> describe_clusters(json::value const& input, std::stop_token stop = {}) {
        return ask<clusters_output>("DescribeClusters", input, std::move(stop));
    }

    /// The call that an operation would make of this input, before it is signed: endpoint, fields and body, to the byte.
    /// RunTask's is given a token by `run_task` where it has none.
    [[nodiscard]] result<call> call_of(std::string_view operation, json::value const& input) const {
        return client_.json_call(operation, target_prefix, input);
    }

private:
    static constexpr std::string_view target_prefix = "AmazonEC2ContainerServiceV20141113";

    /// Puts a member behind the others of `body`, which is `input`, written.
    static void add_token(std::string& body, json::value const& input, std::string const& token) {
        constexpr std::string_view name = "clientToken";
        if (text::contains(body, name)) { // perhaps as a null, which has to go
            json::value with_token = input;
            json::set(with_token, name, token);
            body = json::write(with_token);
            return;
        }
        body.pop_back();
        if (body.size() > 1) body += ", ";
        body.append("\"").append(name).append("\": \"").append(token).append("\"}");
    }

    /// An input as it goes on the wire.
    [[nodiscard]] result<std::string> written(std::string_view operation, json::value const& input) const {
        if (input.is_object()) return json::write(input);
        return client_.named(operation, fail(errc::invalid_argument, "the input is no object with AWS's member names"));
    }

    template <class Output>
    [[nodiscard]] result<Output> ask(std::string_view operation, json::value const& input, std::stop_token stop) {
        auto body = written(operation, input);
        if (!body) return std::move(body).error();
        return ask<Output>(operation, input, *std::move(body), std::move(stop));
    }

    /// `body` is `input`, written.
    template <class Output>
    [[nodiscard]] result<Output> ask(std::string_view operation, json::value const& input, std::string body,
                                     std::stop_token stop) {
        http::response whole;
        auto document = exchange(operation, input, std::move(body), Output::members, whole, std::move(stop));
        if (!document) return std::move(document).error();
        auto output = Output::from(*document);
        if (output) {
            output->raw = std::move(whole.body);
            return output;
        }
        output.error().http_status = whole.status;
        output.error().request_id = detail::request_id_of(whole);
        return client_.named(operation, std::move(output).error());
    }

    /// The members of the answer that are `wanted`; all of it is in `whole`.
    [[nodiscard]] result<json::value> exchange(std::string_view operation, json::value const& input, std::string body,
                                               std::span<std::string_view const> wanted, http::response& whole,
                                               std::stop_token stop) {
        auto const& to = client_.destination();
        if (!to) return client_.named(operation, to.error());
        auto what = json_text_call(operation, target_prefix, endpoint_of(ecs_service, *to), std::move(body));
        if (client_.options().api_rates.value_or(!to->custom)) what.tolls = buckets_.of(operation, input);
        auto const read = [&](http::response&& answer) {
            whole = std::move(answer);
            return read_members(whole, wanted);
        };
        return client_.call(std::move(what), read, std::move(stop));
    }

    client<Policies> client_;
    ecs_buckets buckets_;
};

} // namespace fargate::inline v0::aws

#endif
