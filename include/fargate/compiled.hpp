#ifndef FARGATE_COMPILED_HPP
#define FARGATE_COMPILED_HPP

// A front door that is cheap to include: an agent behind a pointer, without nlohmann/json, libcurl and OpenSSL. What it
// stands for is compiled in the one translation unit that defines FARGATE_COMPILED before it includes this.

#include <fargate/core/result.hpp>
#include <fargate/fwd.hpp>
#include <fargate/service/signals.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// An `agent<>` whose options are keywords: names of `agent_options`, `label` and `env` for one each, and arguments of
/// RegisterTaskDefinition and RunTask, with their values as text, as `fargate-agent start name=value` takes them. Its members
/// are those of `agent`, with the same promises.
class compiled_agent {
public:
    using keywords = std::vector<std::pair<std::string, std::string>>;

    /// Keeps what it is told; what cannot be read is the error of `start`.
    explicit compiled_agent(keywords const& options = {});
    compiled_agent(compiled_agent const&) = delete;
    compiled_agent& operator=(compiled_agent const&) = delete;
    ~compiled_agent();

    [[nodiscard]] result<void> start(std::stop_token stop = {});
    void stop();
    void poke();
    [[nodiscard]] service::health health() const; ///< who calls it includes fargate/service/health.hpp

private:
    struct body;
    std::unique_ptr<body> body_;
};

} // namespace fargate::inline v0

#ifdef FARGATE_COMPILED

#include <fargate/agent.hpp>
#include <fargate/service/keywords.hpp>

namespace fargate::inline v0 {

struct compiled_agent::body {
    explicit body(keywords const& given) : read{options_of(given)}, agent{read ? *std::move(read) : agent_options{}} {}

    static result<agent_options> options_of(keywords const& given) {
        agent_options made;
        for (auto const& [name, value] : given)
            if (auto set = service::set_keyword(made, name, value); !set) return set.error();
        return made;
    }

    result<agent_options> read;
    fargate::agent<> agent;
};

compiled_agent::compiled_agent(keywords const& options) : body_{std::make_unique<body>(options)} {}
compiled_agent::~compiled_agent() = default;

result<void> compiled_agent::start(std::stop_token stop) {
    if (!body_->read) return body_->read.error();
    return body_->agent.start(std::move(stop));
}
void compiled_agent::stop() { body_->agent.stop(); }
void compiled_agent::poke() { body_->agent.poke(); }
service::health compiled_agent::health() const { return body_->agent.health(); }

} // namespace fargate::inline v0

#endif

#endif
