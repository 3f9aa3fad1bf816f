// What a Prefect API answers, and the operations that a server of ours reads.
#include "fuzz/fuzz.hpp"

#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/prefect/state_queries.hpp>

#include <string>

namespace http = fargate::http;
namespace json = fargate::json;
namespace prefect = fargate::prefect;
using fuzz::promise;

namespace {

/// Short enough for a fuzzer to find, and in its dictionary.
constexpr std::string_view token = "t0ken";
constexpr std::string_view enclosed = "s3cret";

void may_be_told(fargate::error const& why) {
    promise(!why.message.empty() && fuzz::is_one_line(why.message), "an error's message is one line");
    promise(fuzz::is_one_line(why.service_code), "an error's code is one line");
    for (auto const each : {token, enclosed})
        promise(why.message.find(each) == std::string::npos && why.service_code.find(each) == std::string::npos,
                "no error tells a secret that the answer repeats");
    promise(why.message.size() < 8192, "an error's message is bounded");
}

template <class Result>
void read(Result const& got) {
    if (!got) promise(!got.error().message.empty(), "an answer that is not as it should be is told");
}

void data(json::value const& value) {
    static_cast<void>(prefect::read_token_scope(value));
    read(prefect::read_key_tenant(value));
    read(prefect::read_tenant(value));
    read(prefect::read_agent_config(value));
    read(prefect::read_runs_in_queue(value));
    read(prefect::read_state_set(value, "set_flow_run_states"));
    read(prefect::read_success(value, "write_run_logs"));
    if (auto const id = prefect::read_agent_id(value))
        promise(!id->empty() && fuzz::is_one_line(*id), "an agent's id can stand in a header field");
    auto const runs = prefect::read_flow_runs(value);
    read(runs);
    if (runs)
        for (auto const& run : *runs) promise(!run.id.empty() && !run.flow.id.empty(), "runs and flows have ids");
}

void answer(std::string const& body, int status) {
    prefect::settings options;
    options.token = fargate::secret{token};
    prefect::identity who = prefect::identity_of(options);
    who.enclosed = fargate::secret{enclosed};
    http::response got;
    got.status = status;
    got.body = body;
    auto const said = prefect::read_answer(got, "http://localhost:4200/", options, who);
    if (said)
        data(*said);
    else
        may_be_told(said.error());

    auto const document = json::parse(body);
    if (!document) {
        promise(!said, "what is no JSON is no answer");
        return;
    }
    got.body = json::write(*document);
    auto const parsed = json::parse(got.body);
    promise(parsed && json::write(*parsed) == got.body, "JSON that is written reads back as the same");
    auto const again = prefect::read_answer(got, "http://localhost:4200/", options, who);
    promise(said.has_value() == again.has_value(), "an answer is the document's, however it is spelled");
    if (said)
        promise(json::write(*said) == json::write(*again), "data are the document's, however it is spelled");
    else
        promise(said.error().code == again.error().code && said.error().service_code == again.error().service_code &&
                    said.error().retryable == again.error().retryable,
                "an error is the document's, however it is spelled");
}

void operation(std::string_view body) {
    auto const asked = prefect::read_operation(body);
    if (!asked) {
        promise(!asked.error().message.empty(), "what is no operation is told");
        return;
    }
    auto const again = prefect::read_operation(prefect::write_operation(*asked));
    promise(again && again->text == asked->text && json::write(again->variables) == json::write(asked->variables),
            "an operation that is written reads back as the same");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    std::string const input{fuzz::text_of(bytes, size)};
    for (int const status : {200, 400, 401, 500}) answer(input, status);
    operation(input);
    return 0;
}
