#include <fargate/service/deployment.hpp>

#include "service/scripted_source.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

using namespace fargate;
using testing_support::scripted_run;
using testing_support::scripted_source;
using namespace std::chrono_literals;

namespace {

struct planner {
    result<deploy::launch_plan> answer = deploy::launch_plan{};
    result<deploy::launch_plan> operator()(scripted_run const&) const { return answer; }
};

struct launcher {
    result<deploy::launched> answer = deploy::launched{"arn:task/1", "family", true};
    int launches = 0;
    result<deploy::launched> launch(deploy::launch_plan const&, std::stop_token) {
        ++launches;
        return answer;
    }
};

/// One deployment and everything around it.
struct bench {
    scripted_source source;
    planner plan;
    launcher launch;
    testing::manual_clock clock;
    testing::captured_log log;
    service::health_book book;
    service::deployment<scripted_source, planner, launcher, testing::manual_clock, testing::captured_log> deployment{
        source, plan, launch, clock, log, book};

    void deploy(std::string id) { deployment.deploy(scripted_run{std::move(id)}); }
};

using story = std::vector<std::string>;

} // namespace

TEST_CASE("a run is claimed, launched and told, in that order") {
    bench b;
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.launch.launches == 1);
    CHECK(b.book.read().launched == 1);
    CHECK(b.log.contains("Deploying flow run r1"));
}

TEST_CASE("7: 0.14.17: prefetch: the job sleeps until the run is due before submitting") {
    bench b;
    auto const start = b.clock.now();
    b.deployment.deploy({"r1", start + 7s + 250ms});
    CHECK(b.clock.slept() == std::vector<duration>{7s + 250ms});
    CHECK(b.source.story() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.log.contains("Waiting 7.250000 seconds to deploy flow run r1 on time..."));

    for (auto const& due : {std::optional<time_point>{}, std::optional{start}, std::optional{b.clock.now()}})
        b.deployment.deploy({"r2", due});
    CHECK(b.clock.slept().size() == 1);
    CHECK(b.launch.launches == 4);
}

TEST_CASE("7: 0.14.17: prefetch: a stop while a run is held leaves it unclaimed, with the backend") {
    bench b;
    std::stop_source stop;
    b.clock.during_sleep([&](duration) { stop.request_stop(); });
    b.deployment.deploy({"r1", b.clock.now() + 1us}, stop.get_token());
    CHECK(b.source.story().empty());
    CHECK(b.launch.launches == 0);
    CHECK(b.book.read().left + b.book.read().failed + b.book.read().launched == 0);
    CHECK_FALSE(b.log.contains("Deploying flow run r1"));
}

TEST_CASE("4.5: the \"State update failed\" silence: a run that another agent owns is left alone, with an INFO line, "
          "no word to it") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return claim{claim::outcome::lost, "already submitted", {}}; };
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1"});
    CHECK(b.launch.launches == 0);
    CHECK(b.book.read().left == 1);
    CHECK(b.log.text().find("INFO Leaving flow run r1 alone: already submitted\n") != std::string::npos);
}

TEST_CASE("a claim without an answer is nobody's failure") {
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::cancelled}) {
        bench b;
        b.source.on_claim = [code](scripted_run const&) { return fail(code, "no answer"); };
        b.deploy("r1");
        CHECK(b.source.story() == story{"claim r1"});
        CHECK(b.launch.launches == 0);
        CHECK(b.book.read().failed == 0);
    }
}

TEST_CASE("a claim that a broken server answers is nobody's failure, either") {
    bench b;
    b.source.on_claim = [](scripted_run const&) {
        auto why = fail(errc::service_error, "502 Server Error");
        why.http_status = 502;
        return why;
    };
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1"});
    CHECK(b.book.read().left == 1);
}

TEST_CASE("a claim that is refused for another reason fails the run with that reason") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return fail(errc::service_error, "400 Client Error"); };
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "failed r1 400 Client Error"});
}

TEST_CASE("a run that cannot be planned fails with the reason before any AWS call") {
    bench b;
    b.plan.answer = fail(errc::invalid_argument, "no image");
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "failed r1 no image"});
    CHECK(b.launch.launches == 0);
    CHECK(b.book.read().failed == 1);
    CHECK(b.log.contains("Logging platform error for flow run r1"));
}

TEST_CASE("a launch that AWS refuses reaches the run's log and state") {
    bench b;
    b.launch.answer = fail(errc::service_error, "RESOURCE:MEMORY");
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "failed r1 RESOURCE:MEMORY"});
    CHECK(b.log.contains("Error while deploying flow: RESOURCE:MEMORY"));
}

TEST_CASE("a launch that fails without a word fails its run all the same") {
    bench b;
    b.launch.answer = fail(errc::service_error, "");
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "failed r1 "});
    CHECK(b.book.read().failed == 1);
}

TEST_CASE("4.5: if the final INFO log fails, the already started run is not failed: the lost line is a warning") {
    bench b;
    b.source.on_tell = [](std::string const& line) {
        return line.starts_with("launched") ? result<void>{fail(errc::timed_out, "no answer")} : result<void>{};
    };
    b.deploy("r1");
    CHECK(b.source.story() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.book.read().launched == 1);
    CHECK(b.book.read().failed == 0);
    CHECK(b.log.contains("could not be written"));
}

TEST_CASE("4.5: an exception while reporting the failure is at least in the agent's log") {
    bench b;
    b.launch.answer = fail(errc::service_error, "no capacity");
    b.source.on_tell = [](std::string const& line) {
        return line.starts_with("failed") ? result<void>{fail(errc::connection_failed, "refused")} : result<void>{};
    };
    b.deploy("r1");
    CHECK(b.log.contains("flow run r1 could not be marked as failed: refused"));
    CHECK(b.log.contains("no capacity"));
}
