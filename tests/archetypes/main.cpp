// Every template takes the smallest model of each concept it names, and comes back with an error instead of a crash when
// such a model has nothing to give.

#include "archetypes/archetypes.hpp"
#include "archetypes/launcher.hpp"
#include "archetypes/work_pool_source.hpp"

#include <fargate/agent.hpp>

#include <cstdio>

using namespace fargate;

static_assert(http_policy<archetypes::http>);
static_assert(clock_policy<archetypes::clock>);
static_assert(environment_policy<archetypes::environment>);
static_assert(credential_policy<archetypes::credentials, archetypes::http, archetypes::clock, archetypes::environment>);
static_assert(retry::retry_policy<archetypes::retry>);
static_assert(crypto::hash_policy<archetypes::hash>);
static_assert(log_policy<archetypes::log>);
static_assert(executor_policy<archetypes::executor>);
static_assert(flow_source<archetypes::source>);
static_assert(flow_source<archetypes::work_pool_source<archetypes::clock>>);
static_assert(task_launcher<archetypes::launcher>);
static_assert(aws::policies<archetypes::bundle>);
static_assert(agent_policies<archetypes::board>);

// The models that come with the library.
static_assert(http_policy<curl_http>);
static_assert(clock_policy<system_clock>);
static_assert(environment_policy<process_environment>);
static_assert(credential_policy<credentials::standard, curl_http, system_clock, process_environment>);
static_assert(credential_policy<credentials::standard, archetypes::http, archetypes::clock, archetypes::environment>);
static_assert(retry::retry_policy<retry::standard> && retry::retry_policy<retry::never>);
static_assert(crypto::hash_policy<crypto::openssl_hash>);
static_assert(log_policy<stream_log> && log_policy<null_log>);
static_assert(executor_policy<inline_executor> && executor_policy<thread_pool>);
static_assert(flow_source<prefect::server<archetypes::http, archetypes::clock, archetypes::log>>);

namespace {

int failures = 0;

template <class Result>
void expect(errc code, Result const& got, char const* what) {
    bool const fine = !got && got.error().code == code;
    std::printf("%s: %s\n", fine ? "ok" : "FAILED", what);
    failures += fine ? 0 : 1;
}

void expect(bool fine, char const* what) {
    std::printf("%s: %s\n", fine ? "ok" : "FAILED", what);
    failures += fine ? 0 : 1;
}

void aws_clients() {
    aws::parts<archetypes::bundle> parts;
    aws::client_options options;
    options.region = "us-east-1";
    aws::ecs<archetypes::bundle> ecs{parts, options};
    aws::tagging<archetypes::bundle> tagging{parts, options};
    aws::s3<archetypes::bundle> s3{parts, options};
    json::value const nothing = json::value::object();
    expect(errc::not_configured, ecs.run_task(nothing), "aws::ecs");
    expect(errc::not_configured, tagging.get_resources(nothing), "aws::tagging");
    expect(errc::not_configured, s3.get_object({.bucket = "bucket", .key = "key"}), "aws::s3");
}

void signing() {
    sigv4::header_view const headers[] = {{"Host", "example.amazonaws.com"}};
    sigv4::request_view request;
    request.headers = headers;
    archetypes::hash const hash;
    expect(sigv4::sign(request, {"AKIDEXAMPLE", "key"}, {"us-east-1", "service"}, text::instant{}, {}, nullptr, hash)
               .has_value(),
           "sigv4::sign");
}

void credential_wrappers() {
    archetypes::http http;
    archetypes::clock clock;
    archetypes::environment const environment;
    credentials::chain<archetypes::credentials, archetypes::credentials> chain;
    expect(errc::not_configured, chain.fetch(http, clock, environment), "credentials::chain");
    credentials::cached<archetypes::credentials> cached;
    expect(errc::not_configured, cached.fetch(http, clock, environment), "credentials::cached");
    credentials::container container;
    expect(errc::not_configured, container.fetch(http, clock, environment), "credentials::container");
}

void deploying() {
    aws::parts<archetypes::bundle> parts;
    archetypes::log log;
    archetypes::clock clock;
    aws::ecs<archetypes::bundle> ecs{parts};
    aws::tagging<archetypes::bundle> tagging{parts};
    deploy::ecs_launcher launcher{ecs, tagging, log, clock};
    static_assert(task_launcher<decltype(launcher)>);
    expect(errc::bad_configuration, launcher.launch({}), "deploy::ecs_launcher");
}

/// The service on a source, and nothing of Prefect 1: two polls, one look after tasks, one at what was left behind.
template <flow_source Source>
std::uint64_t serve(Source& source, archetypes::clock& clock, archetypes::log& log) {
    archetypes::launcher launcher;
    archetypes::executor executor;
    archetypes::hash hash;
    aws::parts<archetypes::bundle> parts;
    aws::ecs<archetypes::bundle> ecs{parts};
    auto const planner = [](typename Source::run const&, std::stop_token) {
        return result<deploy::launch_plan>{deploy::launch_plan{}};
    };
    service::health_book book;
    service::in_flight busy;
    service::custody<typename Source::run> custody;
    custody.family = [](typename Source::run const&) { return std::string{"family"}; };
    service::wake bell;
    service::agenda<archetypes::clock> agenda{clock, bell};
    service::protocol const rules;
    service::deployment deployment{
        source, planner, launcher, service::desk<archetypes::clock>{busy, custody.tasks, agenda, bell, book},
        clock,  log,     hash,     rules};
    service::watcher watcher{source, ecs, deployment, clock, log, book, custody, rules};
    service::reconciler reconciler{source, ecs, deployment, clock, log, book, custody, rules};
    service::poller poller{source, deployment, busy, agenda, bell, clock, log, executor, book};
    poller.run(1, {});
    (void)watcher.round();
    reconciler.round();
    return book.read().launched;
}

void polling() {
    archetypes::clock clock;
    archetypes::log log;
    archetypes::source source;
    expect(serve(source, clock, log) == 1, "the service on the smallest source");
    archetypes::work_pool_source<archetypes::clock> pool{clock};
    expect(serve(pool, clock, log) == 0, "the service on a source of another kind");
}

void whole() {
    parts<archetypes::board> parts;
    agent<archetypes::board> agent{{.backend = prefect::backend::server, .api = "http://prefect.test", .max_polls = 0},
                                   parts};
    expect(!agent.start(), "agent");
}

} // namespace

int main() {
    signing();
    aws_clients();
    credential_wrappers();
    deploying();
    polling();
    whole();
    return failures == 0 ? 0 : 1;
}
