#include <fargate/service/parts.hpp>

#include "support/catch.hpp"

#include <fargate/aws.hpp>
#include <fargate/testing/map_environment.hpp>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

using namespace fargate;
using testing::map_environment;

namespace {

/// What the next agents find in their environment.
map_environment::map& found_variables() {
    static map_environment::map all;
    return all;
}

struct told_environment : map_environment {
    told_environment() : map_environment{found_variables()} {}
};

struct told_log {
    told_log() = default;
    told_log(std::FILE*, stream_log_options given) : options{std::move(given)} {}
    void write(log_level, std::string_view) const {}
    stream_log_options options{};
};

struct told_key {
    told_key() = default;
    explicit told_key(credentials::access_key given) : key{std::move(given)} {}
    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<credentials::access_key> fetch(Http&, Clock&, Environment const&) const {
        return key;
    }
    credentials::access_key key{};
};

struct board : aws::default_policies {
    using environment = told_environment;
    using credentials = told_key;
    using log = told_log;
    using executor = inline_executor;
};

service::own_parts<board> made(agent_options const& options, map_environment::map found = {}) {
    found_variables() = std::move(found);
    return service::own_parts<board>{options};
}

} // namespace

TEST_CASE("an agent's own log has the name and the level of the configuration") {
    auto const usual = made({});
    CHECK(usual.value.log.options.name == "agent");
    CHECK(usual.value.log.options.threshold == log_level::info);

    auto const told = made({}, {{"PREFECT__CLOUD__AGENT__NAME", "nightly"}, {"PREFECT__CLOUD__AGENT__LEVEL", "debug"}});
    CHECK(told.value.log.options.name == "nightly");
    CHECK(told.value.log.options.threshold == log_level::debug);

    agent_options options;
    options.name = "mine";
    options.level = log_level::error;
    auto const given =
        made(options, {{"PREFECT__CLOUD__AGENT__NAME", "nightly"}, {"PREFECT__CLOUD__AGENT__LEVEL", "debug"}});
    CHECK(given.value.log.options.name == "mine");
    CHECK(given.value.log.options.threshold == log_level::error);
}

TEST_CASE("1.2: logging.format is the log's, and logging.datefmt is not") {
    log_record const record{time_point{}, log_level::info, "agent", "text"};
    auto const usual = made({}).value.log.options.format.line(record);
    CHECK(usual == "[1970-01-01 00:00:00,000] INFO - agent | text\n");
    CHECK(made({}, {{"PREFECT__LOGGING__DATEFMT", "%Y"}}).value.log.options.format.line(record) == usual);
    CHECK(made({}, {{"PREFECT__LOGGING__FORMAT", "<%(message)s>"}}).value.log.options.format.line(record) ==
          "<text>\n");
}

TEST_CASE("an agent whose configuration cannot be read has a log all the same") {
    agent_options options;
    options.name = "mine";
    auto const broken = made(options, {{"PREFECT__CLOUD__AGENT__LEVEL", "loud"}});
    CHECK(broken.value.log.options.name == "mine");
    CHECK(broken.value.log.options.threshold == log_level::info);
}

TEST_CASE("each part of a key that the options leave out comes from its variable") {
    map_environment::map const found = {
        {"AWS_ACCESS_KEY_ID", "VARID"}, {"AWS_SECRET_ACCESS_KEY", "varsecret"}, {"AWS_SESSION_TOKEN", "varsession"}};
    CHECK(made({}, found).value.credentials.key.id.empty());

    agent_options id;
    id.aws_access_key_id = "OPTID";
    auto const half = made(id, found);
    CHECK(half.value.credentials.key.id == "OPTID");
    CHECK(half.value.credentials.key.secret_key.reveal() == "varsecret");
    CHECK(half.value.credentials.key.session_token.reveal() == "varsession");
    CHECK(service::check_key<told_key>(id, map_environment{found}, true));

    agent_options secret_only;
    secret_only.aws_secret_access_key = "optsecret";
    CHECK(made(secret_only, found).value.credentials.key.id == "VARID");
    CHECK(made(secret_only, found).value.credentials.key.secret_key.reveal() == "optsecret");
}

TEST_CASE("half a key that no variable completes is refused by the name of the other half") {
    agent_options id;
    id.aws_access_key_id = "OPTID";
    auto const no_secret = service::check_key<told_key>(id, map_environment{}, true);
    REQUIRE_FALSE(no_secret);
    CHECK(no_secret.error().message.find("aws_secret_access_key") != std::string::npos);
    agent_options secret_only;
    secret_only.aws_secret_access_key = "s";
    auto const no_id = service::check_key<told_key>(secret_only, map_environment{{{"AWS_ACCESS_KEY_ID", " "}}}, true);
    REQUIRE_FALSE(no_id);
    CHECK(no_id.error().message.find("aws_access_key_id") != std::string::npos);
    CHECK(service::check_key<told_key>({}, map_environment{}, true));
}
