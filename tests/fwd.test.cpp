#include <fargate/fwd.hpp>

// What a header may say with the names alone.
namespace mentions {
fargate::errc code();
fargate::log_level level();
fargate::prefect::backend backend();
fargate::retry::verdict verdict();
fargate::result<int> number(fargate::error const&, fargate::secret);
fargate::result<fargate::http::response> send(fargate::http::request const&, fargate::http::fields*,
                                              fargate::http::field*, fargate::http::limits*, fargate::http::body_sink&);
fargate::result<fargate::aws::object> read(fargate::aws::object_request const&, fargate::aws::s3_options,
                                           fargate::aws::checksum&);
void models(fargate::curl_http&, fargate::system_clock&, fargate::process_environment&, fargate::null_log&,
            fargate::stream_log_options&, fargate::inline_executor&, fargate::thread_pool&, fargate::job);
void signing(fargate::sigv4::header_view, fargate::sigv4::request_view, fargate::sigv4::key_view, fargate::sigv4::scope,
             fargate::sigv4::settings, fargate::sigv4::signed_headers, fargate::sigv4::signing_key_cache*,
             fargate::crypto::openssl_hash);
void retrying(fargate::retry::outcome, fargate::retry::progress, fargate::retry::never, fargate::retry::standard&,
              fargate::retry::bucket_rate, fargate::retry::token_bucket&);
fargate::aws::access_key
key(fargate::credentials::fixed, fargate::credentials::environment, fargate::credentials::profile,
    fargate::credentials::container, fargate::credentials::instance, fargate::credentials::instance_options,
    fargate::credentials::process, fargate::credentials::sso, fargate::credentials::sso_settings,
    fargate::credentials::web_identity, fargate::credentials::web_identity_settings, fargate::aws::role_request,
    fargate::aws::caller_identity, fargate::program_limits, fargate::program_output,
    fargate::credentials::standard_options, fargate::credentials::standard&, fargate::aws::section,
    fargate::aws::shared_files, fargate::credentials::refresh_windows,
    fargate::credentials::cached<
        fargate::credentials::chain<fargate::credentials::environment, fargate::credentials::container>>&);
void agents(fargate::agent_options, fargate::claim, fargate::aws::client_options, fargate::aws::ecs_rates,
            fargate::aws::ecs_buckets*, fargate::prefect::settings, fargate::prefect::flow, fargate::prefect::flow_run,
            fargate::prefect::task_run, fargate::deploy::settings, fargate::deploy::launch_plan,
            fargate::deploy::launched, fargate::service::health, fargate::compiled_agent*);
} // namespace mentions

#include <fargate/agent.hpp>
#include <fargate/compiled.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>

namespace {

// A name that was declared as something else would stay incomplete, or would not compile at all.
template <class... Types>
constexpr bool defined = ((sizeof(Types) != 0) && ...);

} // namespace

static_assert(defined<fargate::errc, fargate::log_level, fargate::error, fargate::secret, fargate::result<int>>);
static_assert(defined<fargate::curl_http, fargate::system_clock, fargate::process_environment, fargate::null_log,
                      fargate::stream_log_options, fargate::job, fargate::inline_executor, fargate::thread_pool,
                      fargate::agent_options, fargate::compiled_agent, fargate::claim>);
static_assert(defined<fargate::http::field, fargate::http::fields, fargate::http::limits, fargate::http::request,
                      fargate::http::response, fargate::http::body_sink, fargate::crypto::openssl_hash>);
static_assert(
    defined<fargate::aws::object_request, fargate::aws::object, fargate::aws::s3_options, fargate::aws::checksum>);
static_assert(
    defined<fargate::sigv4::header_view, fargate::sigv4::request_view, fargate::sigv4::key_view, fargate::sigv4::scope,
            fargate::sigv4::settings, fargate::sigv4::signed_headers, fargate::sigv4::signing_key_cache>);
static_assert(defined<fargate::retry::verdict, fargate::retry::outcome, fargate::retry::progress, fargate::retry::never,
                      fargate::retry::standard, fargate::retry::bucket_rate, fargate::retry::token_bucket>);
static_assert(defined<fargate::aws::ecs_rates, fargate::aws::ecs_buckets, fargate::aws::role_request,
                      fargate::aws::caller_identity>);
static_assert(defined<fargate::aws::access_key, fargate::credentials::fixed, fargate::credentials::environment,
                      fargate::credentials::profile, fargate::credentials::container, fargate::credentials::instance,
                      fargate::credentials::instance_options, fargate::credentials::process, fargate::credentials::sso,
                      fargate::credentials::sso_settings, fargate::credentials::web_identity,
                      fargate::credentials::web_identity_settings, fargate::program_limits, fargate::program_output,
                      fargate::credentials::standard, fargate::credentials::standard_options, fargate::aws::section,
                      fargate::aws::shared_files, fargate::credentials::refresh_windows,
                      fargate::credentials::chain<fargate::credentials::environment>,
                      fargate::credentials::cached<fargate::credentials::container>>);
static_assert(
    defined<fargate::aws::client_options, fargate::prefect::backend, fargate::prefect::settings, fargate::prefect::flow,
            fargate::prefect::flow_run, fargate::prefect::task_run, fargate::deploy::settings,
            fargate::deploy::launch_plan, fargate::deploy::launched, fargate::service::health>);

TEST_CASE("the forward declarations cost nothing: they include nothing") {
    auto const text = fargate::process_environment{}.read_file(std::string{testing_support::vectors_folder()} +
                                                               "/../../include/fargate/fwd.hpp");
    REQUIRE(text);
    CHECK(text->find("#include") == std::string::npos);
}
