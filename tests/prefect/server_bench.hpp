#ifndef FARGATE_TESTS_PREFECT_SERVER_BENCH_HPP
#define FARGATE_TESTS_PREFECT_SERVER_BENCH_HPP

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

using namespace fargate;

/// A server with scripted answers.
struct server_bench {
    explicit server_bench(prefect::settings options) : source{http, clock, log, std::move(options)} {}

    server_bench& reply(char const* name) {
        http.reply(200, recorded(name));
        return *this;
    }
    server_bench& reply(int status, std::string body) {
        http.reply(status, std::move(body));
        return *this;
    }
    server_bench& drop() {
        http.reply(fail(errc::connection_failed, "cannot connect to apollo.internal:4200", true));
        return *this;
    }

    /// A server that is open and whose requests so far do not matter.
    server_bench& opened() {
        reply("tenant").reply("register_agent").reply("hello");
        REQUIRE(source.open());
        past = http.requests().size();
        log.clear();
        return *this;
    }

    std::vector<http::request> requests() const {
        auto all = http.requests();
        all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(past));
        return all;
    }
    /// The first word after the last `{` of each query since then: the field that was asked for.
    std::vector<std::string> fields() const {
        std::vector<std::string> made;
        for (auto const& each : requests()) {
            auto const query = asked_by(each).query;
            auto const begin = query.find("{ ") + 2;
            made.push_back(query.substr(begin, query.find_first_of(" (", begin) - begin));
        }
        return made;
    }
    json::value variables(std::size_t index) const { return asked_by(requests().at(index)).variables; }

    testing::scripted_http http;
    testing::manual_clock clock;
    testing::captured_log log;
    prefect::server<testing::scripted_http, testing::manual_clock, testing::captured_log> source;
    std::size_t past = 0;
};

} // namespace testing_support

#endif
