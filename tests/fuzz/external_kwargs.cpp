// Keyword arguments that a flow keeps in S3.
#include "fuzz/fuzz.hpp"

#include <fargate/aws/s3_object.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/external_kwargs.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/literal.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/testing/captured_log.hpp>

#include <optional>
#include <stop_token>
#include <string>

namespace aws = fargate::aws;
namespace deploy = fargate::deploy;
namespace json = fargate::json;
using deploy::kwarg_type;
using fuzz::promise;

namespace {

struct one_object {
    std::string body{};
    fargate::result<aws::object> get_object(aws::object_request const&, std::stop_token) {
        aws::object made;
        made.body = body;
        return made;
    }
};

fargate::result<std::optional<deploy::kwargs>> fetch(std::string body, bool strict, bool& warned) {
    deploy::settings with;
    with.external = {true, "bucket", "key"};
    with.strict = strict;
    fargate::prefect::flow flow;
    flow.id = "a718df81-3376-4039-a1e6-cf5b79baa7d4";
    flow.name = "flow";
    one_object s3{std::move(body)};
    fargate::testing::captured_log log;
    deploy::external_kwargs<one_object, fargate::testing::captured_log> const source{s3, with, log};
    auto got = source.fetch(flow);
    warned = false;
    for (auto const& line : log.lines()) {
        promise(fuzz::is_one_line(line.text), "a log line is one line");
        warned = warned || line.level == fargate::log_level::warning;
    }
    return got;
}

bool has_type(json::value const& value, kwarg_type type) {
    switch (type) {
    case kwarg_type::text:
    case kwarg_type::amount: return value.is_string();
    case kwarg_type::integer: return value.is_number_integer();
    case kwarg_type::flag: return value.is_boolean();
    case kwarg_type::list: return value.is_array();
    case kwarg_type::object: return value.is_object();
    }
    return false;
}

/// Text in quotes loses one pair each time it is read, so that reading is final only without.
bool is_quoted(json::value const& value) {
    auto const text = json::as_text(value);
    return text && deploy::read_literal(*text).kind == deploy::literal::outcome::parsed;
}

/// The arguments as somebody would give what was read of them; nothing when a text would lose its quotes.
std::optional<json::value> given_again(deploy::kwargs const& read) {
    auto made = json::value::object();
    for (auto const& each : deploy::kwarg_names) {
        for (auto const* const group : {&read.definition, &read.run}) {
            auto const* const value = json::member(*group, each.name);
            if (value == nullptr) continue;
            bool const emptied = json::as_text(*value) == std::string_view{};
            promise(emptied || has_type(*value, each.type), "an argument has the type that AWS takes");
            if (each.type == kwarg_type::text && is_quoted(*value)) return std::nullopt;
            json::set(made, each.name, *value);
        }
    }
    for (auto const& each : deploy::container_names) {
        auto const* const value = json::member(read.container, each.name);
        promise(value == nullptr || has_type(*value, each.type), "a container's member has the type that AWS takes");
    }
    auto list = json::value::array();
    list.push_back(read.container);
    json::set(made, "containerDefinitions", std::move(list));
    return made;
}

bool same(deploy::kwargs const& left, deploy::kwargs const& right) {
    return json::write(left.definition) == json::write(right.definition) &&
           json::write(left.run) == json::write(right.run) &&
           json::write(left.container) == json::write(right.container);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    std::string const input{fuzz::text_of(bytes, size)};
    bool warned = false;
    bool ignored = false;
    auto const got = fetch(input, false, warned);
    auto const strictly = fetch(input, true, ignored);
    promise(!strictly || got, "what is good when strict is good when not");
    promise(strictly.has_value() == (got.has_value() && !warned),
            "strict refuses what would be a warning, and no more");
    if (!got) {
        promise(got.error().message.starts_with("external kwargs s3://bucket/key/flow/a718df81.json: ") &&
                    fuzz::is_one_line(got.error().message),
                "a refusal is one line that names the object");
        return 0;
    }
    promise(got->has_value(), "an object that is there is read");
    auto const& read = **got;
    if (auto const again = given_again(read)) {
        auto const reread = fetch(json::write(*again), false, ignored);
        promise(reread && *reread && same(**reread, read), "what was read is in its final form");
    }
    auto const document = json::parse(input);
    promise(document && document->is_object(), "only an object is read");
    auto const spelled = fetch(json::write(*document), false, ignored);
    promise(spelled && *spelled && same(**spelled, read), "arguments are the document's, however it is spelled");
    return 0;
}
