#ifndef FARGATE_FWD_HPP
#define FARGATE_FWD_HPP

// Names without their definitions, for headers that only mention them; includes nothing. What a program includes in the end
// must be the header that defines the name.
//
// Templates whose arguments are held to a concept (`agent`, `aws::ecs`, `prefect::server`, ...) cannot be declared without
// that concept. A header that wants to name its agent without its cost declares a class of its own, `class my_agent;`, and
// derives it where it is defined: `class my_agent : public fargate::agent<board> { using agent::agent; };`.

namespace fargate::inline v0 {

enum class errc : unsigned char;
enum class log_level : unsigned char;
struct error;
class secret;
template <class T>
class result;

class curl_http;
class system_clock;
class process_environment;
struct program_limits;
struct program_output;
struct null_log;
struct stream_log_options;
class log_format;
class job;
class inline_executor;
class thread_pool;

struct agent_options;
class compiled_agent;
struct claim;

namespace http {
struct field;
class fields;
struct limits;
struct connection_options;
struct request;
struct response;
class body_sink;
} // namespace http

namespace crypto {
class openssl_hash;
} // namespace crypto

namespace sigv4 {
struct header_view;
struct request_view;
struct key_view;
struct scope;
struct settings;
class signed_headers;
class signing_key_cache;
} // namespace sigv4

namespace retry {
enum class verdict : unsigned char;
struct outcome;
struct progress;
struct never;
class standard;
class legacy;
class adaptive;
class any_mode;
struct mode_options;
struct bucket_rate;
class token_bucket;
} // namespace retry

namespace credentials {
class fixed;
class environment;
class profile;
class container;
class process;
class sso;
struct sso_settings;
class instance;
struct instance_options;
class web_identity;
struct web_identity_settings;
class standard;
struct standard_options;
struct refresh_windows;
template <class... Providers>
class chain;
template <class Provider>
class cached;
} // namespace credentials

namespace aws {
struct access_key;
class section;
class shared_files;
struct role_request;
struct caller_identity;
struct client_options;
struct botocore_config;
struct ecs_rates;
class ecs_buckets;
struct object_request;
struct object;
struct s3_options;
class checksum;
} // namespace aws

namespace prefect {
enum class backend : unsigned char;
struct settings;
struct flow;
struct flow_run;
struct task_run;
} // namespace prefect

namespace deploy {
struct settings;
struct launch_plan;
struct launched;
} // namespace deploy

namespace service {
struct health;
} // namespace service

} // namespace fargate::inline v0

#endif
