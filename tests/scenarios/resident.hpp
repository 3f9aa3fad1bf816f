#ifndef FARGATE_TESTS_SCENARIOS_RESIDENT_HPP
#define FARGATE_TESTS_SCENARIOS_RESIDENT_HPP

#include "scenarios/crew.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

/// One agent that runs on a stage without a break until a moment comes: unlike a `process`, which waits for what it holds
/// at the end of each step, it goes on polling. Things happen in between.
class resident {
public:
    explicit resident(stage& world, fargate::agent_options options = careful()) :
        world_{&world},
        start_{world.clock.now()},
        lives_{std::make_unique<inhabitant>(world, endless(std::move(options)), &line_)} {}

    /// Has something done when so much has passed, at the first wait behind that moment.
    void at(fargate::duration passed, std::function<void()> what) { plans_.push_back({passed, std::move(what)}); }

    /// Shows every second that passes, while the agent waits or its requests do.
    std::function<void(fargate::time_point)> each_second = [](fargate::time_point) {};

    /// The world's time goes on by so much in the middle of something that the agent does, such as a request.
    void pass(fargate::duration time) {
        show(time);
        world_->clock.advance(time);
    }

    /// Lives for so long, and is stopped then. Once.
    fargate::result<void> live(fargate::duration time) {
        world_->clock.during_sleep([this, end = start_ + time](fargate::duration wait) {
            world_->play();
            for (auto& [due, what] : plans_)
                if (what && world_->clock.now() >= start_ + due) std::exchange(what, nullptr)();
            if (world_->clock.now() >= end) return lives_->agent.stop();
            show(wait);
        });
        return lives_->agent.start();
    }

    [[nodiscard]] fargate::time_point start() const { return start_; }
    [[nodiscard]] fargate::duration passed() const { return world_->clock.now() - start_; }
    [[nodiscard]] wire& line() { return line_; }
    [[nodiscard]] fargate::testing::captured_log const& log() const { return lives_->parts.log; }
    /// The log's warnings and errors, for a test that fails.
    [[nodiscard]] std::string troubles() const {
        std::string made;
        for (auto const& [level, text] : log().lines())
            if (level >= fargate::log_level::warning) made += text + "\n";
        return made;
    }
    [[nodiscard]] fargate::service::health health() const { return lives_->agent.health(); }

private:
    static fargate::agent_options endless(fargate::agent_options given) {
        given.max_polls = std::nullopt;
        return given;
    }

    void show(fargate::duration time) {
        auto const now = world_->clock.now();
        for (auto second = std::chrono::ceil<std::chrono::seconds>(now); second < now + time;
             second += std::chrono::seconds{1})
            each_second(second);
    }

    stage* world_;
    fargate::time_point start_;
    std::vector<std::pair<fargate::duration, std::function<void()>>> plans_;
    wire line_;
    std::unique_ptr<inhabitant> lives_;
};

} // namespace testing_support

#endif
