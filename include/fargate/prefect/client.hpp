#ifndef FARGATE_PREFECT_CLIENT_HPP
#define FARGATE_PREFECT_CLIENT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/login.hpp>
#include <fargate/prefect/redirect.hpp>
#include <fargate/prefect/repeat.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/random.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::prefect {

/// Sends operations and repeats them as Prefect's own client does. May be used by several threads at once as far as its
/// policies may; keeps references to them and to the settings, which therefore must outlive it.
template <http_policy Http, clock_policy Clock>
class client {
public:
    client(Http& http, Clock& clock, settings const& options, random_source bits = random_bits) :
        http_{&http},
        clock_{&clock},
        options_{&options},
        bits_{bits},
        where_{endpoint_of(options)},
        who_{identity_of(options)} {}

    /// The address that requests go to, or why there is none.
    [[nodiscard]] result<endpoint> const& where() const noexcept { return where_; }

    /// From now on every request carries this agent's id.
    void identify(std::string agent_id) {
        std::scoped_lock const lock{mutex_};
        who_.agent_id = std::move(agent_id);
    }

    /// That id; empty until there is one.
    [[nodiscard]] std::string agent_id() const {
        std::scoped_lock const lock{mutex_};
        return who_.agent_id;
    }

    /// From now on every request carries this tenant beside the key.
    void choose_tenant(std::string tenant_id) {
        std::scoped_lock const lock{mutex_};
        who_.tenant_id = std::move(tenant_id);
    }

    /// From now on requests carry this access token in place of the API token, and it is renewed when it is about to
    /// expire: by the first call that comes then, while others wait for it.
    void enter(access granted) {
        std::scoped_lock const lock{mutex_};
        who_.bearer = granted.token;
        access_ = std::move(granted);
    }

    /// The `data` of the answer; errors are those of `read_answer`, of the http policy, and `errc::cancelled` when `stop`
    /// fired. An answer that names `API_ERROR` is asked for again, at once and then after 0.25, 0.5, 1, 2 and 4 s; the last
    /// failure is returned 8 s after it came. `errc::unauthorized` also when access to the tenant is not renewed.
    [[nodiscard]] result<json::value> call(operation const& wanted, std::stop_token stop = {}) {
        return call({stop, stop}, wanted, nullptr);
    }

    /// The same for what is to be told in any case: `stop` ends the waits between exchanges, never an exchange, and one is
    /// made even when it has fired. `unsettled` becomes true when an exchange before the last one went without a definite
    /// answer and was repeated: what it asked for may have happened then.
    [[nodiscard]] result<json::value> finish(operation const& wanted, std::stop_token stop, bool* unsettled = nullptr) {
        return call({std::move(stop), {}}, wanted, unsettled);
    }

private:
    /// What a stop ends.
    struct stops {
        std::stop_token waits;
        std::stop_token exchanges;
    };

    [[nodiscard]] result<json::value> call(stops const& stop, operation const& wanted, bool* unsettled) {
        if (!where_) return where_.error();
        auto const who = present(stop);
        if (!who) return who.error();
        bool repeated = false;
        auto answer = call_as(*who, wanted, stop, repeated);
        if (unsettled != nullptr && repeated) *unsettled = true;
        return answer;
    }

    /// Who asks now, with an access token that is good for a while.
    [[nodiscard]] result<identity> present(stops const& stop) {
        {
            std::scoped_lock const lock{mutex_};
            if (!access_) return who_;
        }
        std::scoped_lock const one_renews{renewal_};
        auto [who, old] = held();
        if (!old.is_stale(clock_->now())) return who;
        identity asks = who;
        asks.bearer = old.refresh_token;
        asks.enclosed = old.token;
        bool repeated = false;
        auto const answer = call_as(asks, refresh_token_mutation(old), stop, repeated);
        auto renewed = answer ? read_access(*answer, "refresh_token") : result<access>{answer.error()};
        if (!renewed) return not_renewed(renewed.error());
        who.bearer = renewed->token;
        enter(*std::move(renewed));
        return who;
    }

    [[nodiscard]] std::pair<identity, access> held() const {
        std::scoped_lock const lock{mutex_};
        return {who_, *access_};
    }

    [[nodiscard]] static error not_renewed(error why) {
        if (why.code == errc::cancelled) return why;
        bool const refused = why.http_status != 0 && why.http_status < 500 && why.http_status != 429;
        if (refused) why.code = errc::unauthorized;
        why.message = (refused ? "the access that the Prefect login gives is not renewed, log in again (prefect auth "
                                 "login) or give the agent a token of its own (--token): "
                               : "the access that the Prefect login gives could not be renewed: ") +
                      why.message;
        return why;
    }

    [[nodiscard]] result<json::value> call_as(identity const& who, operation const& wanted, stops const& stop,
                                              bool& repeated) {
        auto request = request_for(wanted, *where_, *options_, who);
        request.stop = stop.exchanges;
        auto answer = ask(request, who, stop.waits, repeated);
        duration wait = std::chrono::milliseconds{250};
        for (int resends = 0; resends != 6 && is_api_error(answer); ++resends, wait *= 2) {
            repeated = true;
            answer = ask(request, who, stop.waits, repeated);
            if (is_api_error(answer) && !clock_->sleep_for(wait, stop.waits)) return stopped();
        }
        return answer;
    }

    [[nodiscard]] static error stopped() { return fail(errc::cancelled, "stopped while waiting to ask Prefect again"); }

    /// One answer, after as many exchanges as it takes.
    [[nodiscard]] result<json::value> ask(http::request const& request, identity const& who,
                                          std::stop_token const& stop, bool& repeated) {
        throttling busy;
        for (unsigned repeats = 0;;) {
            auto at = request;
            auto const ended = follow(at, !who.enclosed.empty());
            auto const now = clock_->now();
            auto wait = wait_when_throttled(ended, busy, now, bits_);
            if (wait) {
                ++busy.repeats;
            } else {
                wait = wait_before_repeat(*where_, options_->backend, ended, repeats, now, busy.waited);
                if (wait) {
                    ++repeats;
                    repeated = repeated || !ended || ended->status != 413;
                }
            }
            if (wait) {
                busy.waited += *wait;
                if (!clock_->sleep_for(*wait, stop)) return stopped();
                continue;
            }
            auto answer = ended ? read_answer(*ended, at.url, *options_, who)
                                : result<json::value>{discreet(ended.error(), *options_, who)};
            if (!answer) tell_more(answer.error(), request, at, repeats + busy.repeats);
            return answer;
        }
    }

    /// One exchange, and those that it is redirected to; `at` becomes the last request. What holds a secret in its body
    /// stays with its host.
    [[nodiscard]] result<http::response> follow(http::request& at, bool stays) {
        for (unsigned redirects = 0;; ++redirects) {
            auto ended = http_->send(at);
            auto next = ended && redirects != most_redirects ? redirected(at, *ended) : std::nullopt;
            if (!next || (stays && !detail::same_party(at.url, next->url))) return ended;
            at = *std::move(next);
        }
    }

    static void tell_more(error& why, http::request const& asked, http::request const& at, unsigned repeats) {
        if (at.url != asked.url && why.code == errc::unauthorized && asked.headers.find("Authorization") &&
            !at.headers.find("Authorization"))
            why.message += "; " + asked.url +
                           " redirects to this other host, which is not sent the credential: set api (--api) to it";
        if (repeats != 0) why.message += " (" + std::to_string(repeats + 1) + " attempts)";
    }

    Http* http_;
    Clock* clock_;
    settings const* options_;
    random_source bits_;
    result<endpoint> where_;
    std::mutex renewal_; ///< held by the call that renews the access; taken before mutex_
    mutable std::mutex mutex_;
    identity who_;
    std::optional<access> access_;
};

} // namespace fargate::inline v0::prefect

#endif
