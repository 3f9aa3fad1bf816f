#ifndef FARGATE_SERVICE_PREPARATION_HPP
#define FARGATE_SERVICE_PREPARATION_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/aws/botocore_ambient.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/region.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/aws_parts.hpp>
#include <fargate/service/complaints.hpp>
#include <fargate/service/configuration.hpp>
#include <fargate/service/options.hpp>
#include <fargate/service/parts.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/protocol_settings.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/log_template.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace fargate::inline v0::service {

/// All that an agent is told, read, before anything is made of it or asked for.
template <agent_policies Policies>
struct preparation {
    process_settings process{};
    std::optional<prefect::settings> server{};  ///< nothing when it cannot be read; then nothing below is there, either
    std::optional<deploy::settings> settings{}; ///< as far as they can be read
    protocol rules{};
    bool dry_run = false;
    aws::client_options aws{}; ///< of ECS and tagging
    aws::client_options for_s3{};
    std::optional<aws_parts<Policies>> for_ecs{};
    std::optional<aws_parts<Policies>> for_tagging{};
    bool reaches_aws = false; ///< AWS can be asked
};

namespace detail {

/// S3 is called as the original did, with region and endpoint alone: `botocore_config` is for the other services, and its
/// region counts for S3 where there is no other.
[[nodiscard]] inline aws::client_options for_external_kwargs(aws::client_options const& given) {
    aws::client_options made;
    made.region = given.region;
    made.endpoint_url = given.endpoint_url;
    made.limits.body = 1024 * 1024;
    return made;
}

/// What concerns AWS. `own`: the agent's parts are its own and take a key from its options.
template <agent_policies Policies, log_policy Log>
void prepare_aws(preparation<Policies>& made, agent_options const& options, parts<Policies>& from, bool own, Log& log,
                 complaints& wrong) {
    auto const& environment = from.environment;
    made.aws = aws_options(options, environment);
    auto const botocore = botocore_options(options, environment, log);
    auto const ambient = aws::ambient_config(environment, log);
    if (!botocore || !ambient) return wrong.add(botocore ? ambient.error() : botocore.error());
    auto for_ecs = make_aws_parts(from, *botocore, *ambient);
    auto for_tagging = make_aws_parts(from, *botocore, *ambient);
    if (!for_ecs || !for_tagging) return wrong.add(for_ecs ? for_tagging.error() : for_ecs.error());
    made.for_ecs.emplace(*std::move(for_ecs));
    made.for_tagging.emplace(*std::move(for_tagging));
    made.for_s3 = for_external_kwargs(made.aws);
    if (!botocore->defaults_mode) ambient->apply_to(made.aws);
    botocore->apply_to(made.aws);
    if (made.settings) {
        made.settings->parameter_validation = made.aws.parameter_validation;
        made.aws.confided = {made.settings->token, made.settings->api_key}; // RunTask's body holds them
    }
    made.reaches_aws = true;
    auto const settle = [&](auto const& got) {
        if (got) return;
        made.reaches_aws = false;
        wrong.add(got.error());
    };
    settle(aws::resolve_region(made.aws.region, environment));
    aws::ambient known{environment};
    settle(aws::resolve_ca_file({}, known));
    if (!aws::resolve_region(made.for_s3.region, environment)) made.for_s3.region = made.aws.region;
    settle(check_key<typename Policies::credentials>(options, environment, own));
    if (made.rules.launch_timeout > duration::zero())
        made.aws.limits.total = std::chrono::ceil<std::chrono::milliseconds>(made.rules.launch_timeout);
}

} // namespace detail

/// Reads all that can be read, and keeps in `wrong` what cannot. `own`: the agent's parts are its own. Asks nobody.
template <agent_policies Policies, log_policy Log>
[[nodiscard]] preparation<Policies> prepare(agent_options const& options, parts<Policies>& from, bool own, Log& log,
                                            complaints& wrong) {
    preparation<Policies> made;
    auto const& environment = from.environment;
    auto const config = read_config(options, environment);
    if (!config) {
        wrong.add(config.error());
        return made;
    }
    auto process = process_settings_of(options, *config, environment);
    if (process) made.process = *std::move(process);
    if (!process)
        wrong.add(process.error());
    else if (auto const format = read_log_format(made.process.log_format); !format)
        wrong.add(format.error());
    auto server = prefect_settings(options, *config, environment);
    if (!server) {
        if (process) wrong.add(server.error()); // which begins with the process's
        return made;
    }
    made.settings = deploy_settings(options, *server, *config, environment, log, wrong);
    made.dry_run = wrong.take(detail::flag_of(options.dry_run, "dry_run", environment));
    made.rules = wrong.take(protocol_of(options, *server, environment, from.hash));
    made.server = *std::move(server);
    auto& settings = *made.settings;
    settings.idempotent = made.rules.idempotent;
    settings.fleet = made.rules.fleet;
    // Tasks of ours are found by what they are really started by.
    if (auto const by = json::text_of(settings.kwargs.run, "startedBy"); by && !by->empty()) made.rules.fleet = *by;
    settings.max_run = made.rules.max_run_duration;
    detail::prepare_aws(made, options, from, own, log, wrong);
    return made;
}

} // namespace fargate::inline v0::service

#endif
