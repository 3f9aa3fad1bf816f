#ifndef FARGATE_TESTS_PREFECT_RECORDED_HPP
#define FARGATE_TESTS_PREFECT_RECORDED_HPP

#include "support/vectors.hpp"

#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/clock.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace testing_support {

/// The text of a recorded or hand-made answer of tests/vectors/prefect1.
inline std::string recorded(std::string const& name) { return load_text("prefect1/" + name + ".json"); }

/// The `data` of one that is a success.
inline fargate::json::value recorded_data(std::string const& name) {
    auto const document = load("prefect1/" + name + ".json");
    auto const* const data = fargate::json::object_of(document, "data");
    return data != nullptr ? *data : fargate::json::value(nullptr);
}

/// A document written in the test itself.
inline fargate::json::value json_of(std::string_view text) {
    auto document = fargate::json::parse(text);
    if (document) return *document;
    std::fprintf(stderr, "test data: %s\n", document.error().message.c_str());
    std::exit(2);
}

/// The recorded run that is Running, as a row: with the two of its task runs that wait to be submitted.
inline fargate::json::value running_row(std::vector<std::string> const& labels) {
    auto row = load("prefect1/flow_run_running_scheduled_task_runs.json")["data"]["flow_run"][0];
    auto const& all = row["task_runs"];
    auto tasks = fargate::json::value::array({all[0], all[1]});
    fargate::json::set(row, "task_runs", std::move(tasks));
    fargate::json::set(row, "labels", labels);
    return row;
}

/// What a request's body asks for, as a server reads it; the query's white space is folded to single blanks.
struct asked {
    std::string query;
    fargate::json::value variables;
};

inline std::string folded(std::string_view text) {
    std::string out;
    for (char const c : text) {
        bool const blank = c == ' ' || c == '\n';
        if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

/// Reads it with plain JSON only: the body has exactly the members `query` and `variables`, both text.
inline asked asked_by(fargate::http::request const& request) {
    auto const body = json_of(request.body);
    if (body.size() != 2) return {"not two members", nullptr};
    return {folded(text(body, "query")), json_of(text(body, "variables"))};
}

/// Equal as JSON: the order of an object's members does not matter.
inline bool same(fargate::json::value const& left, fargate::json::value const& right) {
    if (left.is_object() && right.is_object()) {
        if (left.size() != right.size()) return false;
        for (auto const& each : left.items()) {
            auto const found = right.find(each.key());
            if (found == right.end() || !same(each.value(), *found)) return false;
        }
        return true;
    }
    if (left.is_array() && right.is_array()) {
        if (left.size() != right.size()) return false;
        for (std::size_t i = 0; i != left.size(); ++i)
            if (!same(left[i], right[i])) return false;
        return true;
    }
    return left == right;
}

inline fargate::prefect::settings server_settings() {
    fargate::prefect::settings options;
    options.backend = fargate::prefect::backend::server;
    options.api = "http://apollo.internal:4200";
    options.labels = {"aws", "prod"};
    return options;
}

inline fargate::prefect::settings cloud_settings() {
    fargate::prefect::settings options;
    options.api = "https://api.prefect.io";
    options.token = fargate::secret{"RUNNER-TOKEN"};
    return options;
}

inline std::vector<fargate::duration> seconds(std::initializer_list<double> list) {
    std::vector<fargate::duration> made;
    for (double const each : list)
        made.push_back(std::chrono::duration_cast<fargate::duration>(std::chrono::duration<double>{each}));
    return made;
}

} // namespace testing_support

#endif
