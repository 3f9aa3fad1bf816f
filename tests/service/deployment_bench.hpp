#ifndef FARGATE_TESTS_SERVICE_DEPLOYMENT_BENCH_HPP
#define FARGATE_TESTS_SERVICE_DEPLOYMENT_BENCH_HPP

#include "service/scripted_source.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/service/deployment.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

namespace crypto = fargate::crypto;
namespace deploy = fargate::deploy;
namespace json = fargate::json;
namespace service = fargate::service;
namespace testing = fargate::testing;
using fargate::duration;
using fargate::result;
using fargate::run_life;
using fargate::time_point;

struct planner {
    result<deploy::launch_plan> answer = planned();
    result<deploy::launch_plan> operator()(scripted_run const& run, std::stop_token) const {
        auto made = answer;
        if (made && !made->wanted.backend.empty()) made->wanted.run = run.id;
        return made;
    }

    static deploy::launch_plan planned() {
        deploy::launch_plan made;
        made.task = json::value{
            {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"subnet-0bad0bad", "subnet-0123abcd"}}}}}}};
        made.wanted = {"http://api", "run", "1"};
        return made;
    }
};

struct launcher {
    deploy::launched const task{"arn:task/1", "family", true};
    std::deque<result<deploy::launched>> answers{}; ///< the first ones; then `task`
    std::vector<json::value> bodies{};
    std::function<void()> on_launch = [] {};
    std::mutex mutex{};
    result<deploy::launched> launch(deploy::launch_plan const& plan, std::stop_token) {
        {
            std::scoped_lock const lock{mutex};
            bodies.push_back(plan.task);
        }
        on_launch();
        std::scoped_lock const lock{mutex};
        if (answers.empty()) return task;
        auto next = answers.front();
        answers.pop_front();
        return next;
    }
};

using clock = testing::manual_clock;

/// One deployment and everything around it. `deploy` goes on until nothing is in hand.
template <class Source = scripted_source>
struct deployment_bench {
    Source source;
    planner plan;
    launcher launch;
    clock time;
    testing::captured_log log;
    service::in_flight busy;
    service::watch_list watched;
    service::wake bell;
    service::agenda<clock> agenda{time, bell};
    service::health_book book;
    crypto::openssl_hash hash;
    std::stop_source stop;
    using deployment_type =
        service::deployment<Source, planner, launcher, clock, testing::captured_log, crypto::openssl_hash>;
    deployment_type deployment;

    explicit deployment_bench(service::protocol rules = {}, unsigned lanes = 0) :
        deployment{source, plan, launch, service::desk<clock>{busy, watched, agenda, bell, book, [] {}, lanes},
                   time,   log,  hash,   std::move(rules)} {}

    void begin(scripted_run offered) {
        source.known.push_back({offered, run_life::claimed, true, time.now()});
        if (busy.enter(offered.id)) deployment.deploy(std::move(offered), stop.get_token());
    }
    void go_on(int turns = 10'000) {
        while (busy.size() != 0 && turns-- > 0)
            if (auto const wait = agenda.next()) {
                if (*wait > duration::zero()) waits.push_back(*wait);
                bell.reset();
                agenda.sleep(*wait);
                for (auto& work : agenda.due()) work();
            }
    }
    void deploy(std::string id, std::optional<time_point> not_before = {}) {
        begin({std::move(id), not_before});
        go_on();
    }
    std::vector<duration> waits; ///< how long the agenda was slept on, each time
};
} // namespace testing_support

#endif
