#ifndef FARGATE_PREFECT_REGISTRATION_HPP
#define FARGATE_PREFECT_REGISTRATION_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/prefect/tenant.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

/// Who this agent is to an API: its token's scope, its tenant, its id, and the agents that are as good as itself. Keeps
/// references to all it is given. `enroll`, `catch_up` and what they promise is for one thread, the rest for any.
template <http_policy Http, clock_policy Clock, log_policy Log>
class registration {
public:
    registration(client<Http, Clock>& api, Log& log, settings const& options) :
        api_{&api}, log_{&log}, options_{&options} {}

    /// Cloud: checks the token's scope, unless there is a key. Then finds the tenant, registers, and checks the agent config when
    /// one is configured. On the server backend a registration that fails is a warning, and `catch_up` tries again;
    /// everywhere else it is an error.
    [[nodiscard]] result<void> enroll(std::stop_token stop) {
        visits_ = false;
        if (!api_->where()) return api_->where().error();
        if (options_->backend == backend::cloud)
            if (auto allowed = check_token(stop); !allowed) return allowed;
        auto done = become_known(stop);
        if (done || !is_forgiven(done.error())) return done;
        log_->write(log_level::warning, "Unable to register agent to " + address() +
                                            ". Make sure the server is running on the latest version.");
        log_->write(log_level::warning, "It will be tried again: " + done.error().message);
        return {};
    }

    /// In place of `enroll`: asks whether the API lets us in, and whose runs are ours, and looks for the agent config, without
    /// becoming known: nothing is registered, here or before a poll. Every failure is an error.
    [[nodiscard]] result<void> visit(std::stop_token stop) {
        visits_ = true;
        if (!api_->where()) return api_->where().error();
        if (options_->backend == backend::cloud)
            if (auto allowed = check_token(stop); !allowed) return allowed;
        if (auto found = learn_tenant(stop); !found) return found;
        if (!options_->tenant_id.empty()) // which nobody was asked for
            if (auto answered = knock(stop); !answered) return answered;
        return find_config(stop);
    }

    /// Before a poll: what `enroll` could not do. Polling needs a tenant, but not a registration: when the API refuses that
    /// for good, it may still hand out runs. Where it may come it is waited for, because nobody finds again what was claimed
    /// without an agent's id.
    [[nodiscard]] result<void> catch_up(std::stop_token stop) {
        if (enrolled_ || visits_) return {};
        auto done = become_known(stop);
        if (done) {
            log_->write(log_level::info, "Agent registered to " + address());
            return done;
        }
        auto const& why = done.error();
        int const status = why.http_status;
        bool const told = why.code != errc::malformed_response && !why.retryable; // it was understood, and answered
        bool const refused = told && status != 0 && status < 500 && status != 429;
        if (is_forgiven(done.error()) && refused && !tenant().empty()) return {};
        return done;
    }

    /// Empty until it is known, and where the cloud knows it from the token.
    [[nodiscard]] std::string tenant() const {
        std::scoped_lock const lock{mutex_};
        return tenant_.value_or("");
    }

    /// The ids of the agents whose runs are ours: this one, and those of the same kind with the same labels, which take
    /// each other's place. They are asked for once, and again each time with `anew`; an API that refuses to tell them is
    /// not asked twice. Empty when none is known.
    [[nodiscard]] result<std::vector<std::string>> fleet(bool anew, std::stop_token stop) {
        {
            std::scoped_lock const lock{mutex_};
            bool const whose = tenant_ && (!tenant_->empty() || options_->backend == backend::cloud);
            if (refused_ || !whose || (others_ && !anew)) return with_ourselves(others_);
        }
        auto const answer = api_->call(fleet_query(options_->labels, tenant()), stop);
        auto found = answer ? read_fleet(*answer, options_->labels) : result<std::vector<std::string>>{answer.error()};
        std::scoped_lock const lock{mutex_};
        if (found) {
            others_ = *std::move(found);
        } else if (is_final(found.error())) {
            if (!std::exchange(refused_, true))
                log_->write(log_level::debug, "The Prefect API does not tell the agents with our labels, so that only "
                                              "this one's runs are ours: " +
                                                  found.error().message);
        } else if (!others_) {
            return found.error();
        }
        return with_ourselves(others_);
    }

private:
    [[nodiscard]] std::string address() const { return std::string{api_of(*options_)}; }

    [[nodiscard]] result<void> check_token(std::stop_token stop) {
        if (allowed_ || !options_->api_key.empty()) return {};
        if (options_->token.empty()) return fail(errc::unauthorized, "No agent API token provided.");
        auto const answer = api_->call(token_scope_query(), stop);
        if (!answer) return answer.error();
        if (read_token_scope(*answer) != "RUNNER")
            return fail(errc::unauthorized, "Provided token does not have a RUNNER scope.");
        allowed_ = true;
        return {};
    }

    /// Whose runs are ours, asked for until it is known.
    [[nodiscard]] result<void> learn_tenant(std::stop_token stop) {
        if (tenant_found_) return {};
        auto found = find_tenant(*api_, *options_, stop);
        if (!found) return found.error();
        std::scoped_lock const lock{mutex_};
        tenant_ = *std::move(found);
        tenant_found_ = true;
        return {};
    }

    [[nodiscard]] result<void> become_known(std::stop_token stop) {
        if (auto found = learn_tenant(stop); !found) return found;
        if (!known_) {
            auto const answer = api_->call(register_agent_mutation(*options_, tenant()), stop);
            if (!answer) return answer.error();
            auto id = read_agent_id(*answer);
            if (!id) return id.error();
            log_->write(log_level::debug, "Agent ID: " + *id);
            api_->identify(*std::move(id));
            known_ = true;
        }
        if (auto found = find_config(stop); !found) return found;
        enrolled_ = true;
        return {};
    }

    /// Whether the agent config is there that is asked for.
    [[nodiscard]] result<void> find_config(std::stop_token stop) {
        if (options_->agent_config_id.empty()) return {};
        auto const answer = api_->call(agent_config_query(options_->agent_config_id), stop);
        if (!answer) return answer.error();
        auto const exists = read_agent_config(*answer);
        if (!exists) return exists.error();
        if (*exists) return {};
        return fail(errc::not_found, "there is no agent config " + options_->agent_config_id + " at " + address() +
                                         ": check agent_config_id");
    }

    /// Asks something, so that the API looks at what we show it; of the cloud, which tenant that is for: a person's key is for
    /// several, and whether the one that is named is among them, the API knows.
    [[nodiscard]] result<void> knock(std::stop_token stop) {
        bool const has_key = options_->backend == backend::cloud && !options_->api_key.empty();
        auto const answer = api_->call(has_key ? key_tenant_query() : hello_query(), stop);
        if (!answer) return answer.error();
        if (!has_key) return {};
        auto const own = read_key_tenant(*answer);
        if (!own) return own.error();
        return {};
    }

    /// A server that cannot register us now may be able to later; a config that does not exist will not come to be.
    [[nodiscard]] bool is_forgiven(error const& why) const noexcept {
        return options_->backend == backend::server && why.code != errc::not_found && why.code != errc::cancelled;
    }

    /// The API understood, and will say the same next time.
    [[nodiscard]] static bool is_final(error const& why) noexcept {
        bool const understood = why.http_status == 200 || why.http_status == 400;
        return why.code == errc::service_error && understood && !why.retryable;
    }

    [[nodiscard]] std::vector<std::string> with_ourselves(std::optional<std::vector<std::string>> const& others) const {
        auto all = others.value_or(std::vector<std::string>{});
        auto own = api_->agent_id();
        if (!own.empty() && std::find(all.begin(), all.end(), own) == all.end()) all.push_back(std::move(own));
        return all;
    }

    client<Http, Clock>* api_;
    Log* log_;
    settings const* options_;

    bool allowed_ = false;      ///< the token's scope is the right one
    bool tenant_found_ = false; ///< there is a tenant, or none is needed
    bool known_ = false;        ///< registered
    bool enrolled_ = false;     ///< registered, and the agent config was found
    bool visits_ = false;       ///< not to be registered

    mutable std::mutex mutex_;
    std::optional<std::string> tenant_;
    std::optional<std::vector<std::string>> others_; ///< the fleet, when it was last asked for
    bool refused_ = false;                           ///< the API does not tell it
};

} // namespace fargate::inline v0::prefect

#endif
