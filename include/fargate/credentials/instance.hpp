#ifndef FARGATE_CREDENTIALS_INSTANCE_HPP
#define FARGATE_CREDENTIALS_INSTANCE_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/instance_settings.hpp>
#include <fargate/credentials/served_key.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/retry/backoff.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

namespace detail {

inline constexpr std::string_view instance_service = "the instance's metadata service";

/// What is known from earlier answers. Copies of an `instance` share it.
struct instance_memory {
    enum class tree : unsigned char { unknown, extended, classic };

    std::mutex mutex{};
    std::string endpoint{}; ///< the rest is true of this one
    bool answered = false;
    secret token{};
    time_point token_ends{};
    tree where = tree::unknown; ///< where the keys are
    std::string role{};
};

[[nodiscard]] inline http::request instance_request(instance_settings const& how, std::string_view path) {
    http::request made;
    made.url = how.endpoint + std::string{path};
    made.limits = {.connect = how.timeout,
                   .idle = std::max(how.timeout, std::chrono::milliseconds{5000}),
                   .total = how.timeout + std::chrono::milliseconds{10'000},
                   .body = 64 * 1024,
                   .head = 16 * 1024};
    made.bypass_proxy = true;
    return made;
}

/// Six hours, the longest there is. Where the answer stays away, that is known soon.
[[nodiscard]] inline http::request instance_token_request(instance_settings const& how) {
    auto made = instance_request(how, "/latest/api/token");
    made.method = "PUT";
    made.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    made.limits.idle = how.timeout;
    made.limits.total = 2 * how.timeout;
    return made;
}

/// How long a token may be used: until a minute before its end.
[[nodiscard]] inline std::chrono::seconds instance_token_life(http::response const& answer) noexcept {
    auto const text = text::trim(answer.headers.value_of("X-aws-ec2-metadata-token-ttl-seconds"));
    long long seconds = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) seconds = 21600;
    return std::chrono::seconds{std::clamp(seconds, 0LL, 21600LL) - 60};
}

[[nodiscard]] inline bool instance_may_pass(result<http::response> const& answer) noexcept {
    if (answer) return answer->status >= 500 || answer->status == 429;
    return answer.error().code == errc::timed_out || answer.error().code == errc::connection_failed;
}

[[nodiscard]] inline error no_instance(instance_settings const& how, error const& why) {
    return fail(
        errc::not_configured,
        "no answer from " + how.endpoint + " (" + why.message +
            "): this is no EC2 instance, or in a container on one, where the instance's metadata options need a "
            "hop limit of 2");
}

[[nodiscard]] inline error instance_unreachable(error why) {
    why.message = std::string{instance_service} + ": " + why.message;
    why.retryable = why.code == errc::timed_out || why.code == errc::connection_failed;
    return why;
}

/// Why there is no token: version 2 of the service is switched off, or somebody else lives at that address.
[[nodiscard]] inline error no_instance_token(int status) {
    std::string const http = " (HTTP " + std::to_string(status) + ")";
    if (status == 404 || status == 405)
        return fail(errc::not_configured, "what answers at the metadata service's address hands out no tokens" + http +
                                              ": this is no EC2 instance, or one without version 2 of the service");
    auto made = served_refusal({instance_service, {}, {}}, status);
    made.message = std::string{instance_service} +
                   (status == 403 ? " is switched off" + http + ": allow it in the instance's metadata options"
                                  : " answered HTTP " + std::to_string(status) + " and no token");
    return made;
}

/// One search for a key.
template <class Http, class Clock>
class instance_search {
public:
    instance_search(Http& http, Clock& clock, instance_settings const& how, instance_memory& memory) :
        http_{http}, clock_{clock}, how_{how}, memory_{memory} {}

    [[nodiscard]] result<access_key> key() {
        begin();
        for (int tries = 0; tries != 4; ++tries) {
            bool const classic = known(&instance_memory::where) == instance_memory::tree::classic;
            auto const role = role_in(classic);
            if (!role) return role.error();
            if (role->empty()) continue;
            auto answer = get(path(classic) + *role);
            if (!answer) return std::move(answer).error();
            if (answer->status == 404 && how_.role.empty()) {
                remember(&instance_memory::role, std::string{}); // another role is attached by now
            } else if (is_missing(answer->status) && !classic) {
                remember(&instance_memory::where, instance_memory::tree::classic);
            } else if (answer->status == 404) {
                remember(&instance_memory::where, instance_memory::tree::unknown);
                return fail(errc::bad_configuration, how_.role_from + " names a role that " +
                                                         std::string{instance_service} +
                                                         " does not know: " + how_.role);
            } else {
                if (answer->status == 200)
                    remember(&instance_memory::where,
                             classic ? instance_memory::tree::classic : instance_memory::tree::extended);
                return served_key({instance_service, "instance", token_}, *answer, clock_.now());
            }
        }
        return fail(errc::service_error, std::string{instance_service} + " names a role that it has no key for", true);
    }

private:
    static std::string path(bool classic) {
        return classic ? "/latest/meta-data/iam/security-credentials/"
                       : "/latest/meta-data/iam/security-credentials-extended/";
    }

    /// An answer of a service that does not know the extended tree yet.
    static bool is_missing(int status) noexcept {
        return status >= 400 && status < 500 && status != 401 && status != 429;
    }

    void begin() {
        std::scoped_lock const lock{memory_.mutex};
        if (memory_.endpoint == how_.endpoint) return;
        memory_.endpoint = how_.endpoint;
        memory_.answered = false;
        memory_.token = secret{};
        memory_.where = instance_memory::tree::unknown;
        memory_.role.clear();
    }

    template <class Member>
    Member known(Member instance_memory::*member) {
        std::scoped_lock const lock{memory_.mutex};
        return memory_.*member;
    }

    template <class Member>
    void remember(Member instance_memory::*member, Member value) {
        std::scoped_lock const lock{memory_.mutex};
        memory_.*member = std::move(value);
    }

    /// The role to ask for; empty when the search has to go on in the other tree.
    result<std::string> role_in(bool classic) {
        if (!how_.role.empty()) return how_.role;
        if (auto role = known(&instance_memory::role); !role.empty()) return role;
        auto const answer = get(path(classic));
        if (!answer) return answer.error();
        if (is_missing(answer->status) && !classic) {
            remember(&instance_memory::where, instance_memory::tree::classic);
            return std::string{};
        }
        std::string role{text::trim(std::string_view{answer->body}.substr(0, answer->body.find('\n')))};
        if (answer->status == 404 || (answer->status == 200 && role.empty())) {
            remember(&instance_memory::where, instance_memory::tree::unknown);
            return fail(errc::not_configured, "the instance has no role attached");
        }
        if (answer->status != 200) return served_refusal({instance_service, {}, token_}, answer->status);
        if (!is_role_name(role))
            return fail(errc::malformed_response, std::string{instance_service} + " names a role that cannot be one");
        remember(&instance_memory::role, role);
        return role;
    }

    result<http::response> get(std::string const& at) {
        auto request = instance_request(how_, at);
        for (bool renewed = false;; renewed = true) {
            auto token = this->token();
            if (!token) return std::move(token).error();
            token_ = *std::move(token);
            request.headers = {};
            if (!token_.empty()) request.headers.add("X-aws-ec2-metadata-token", std::string{token_.reveal()});
            auto answer = send(request);
            if (!answer) return std::move(answer).error();
            if (answer->status != 401 || token_.empty() || renewed) return answer;
            remember(&instance_memory::token, secret{});
        }
    }

    /// Empty for version 1.
    result<secret> token() {
        {
            std::scoped_lock const lock{memory_.mutex};
            if (!memory_.token.empty() && clock_.now() < memory_.token_ends) return memory_.token;
        }
        if (without_token_) return secret{};
        auto answer = send(instance_token_request(how_));
        int const status = answer ? answer->status : 0;
        without_token_ = how_.allow_v1 && (answer ? status == 403 || status == 404 || status == 405
                                                  : answer.error().code == errc::timed_out || silent_);
        if (without_token_) return secret{};
        if (!answer) return std::move(answer).error();
        if (status != 200) return no_instance_token(status);
        secret token{text::trim(answer->body)};
        wipe(answer->body);
        if (token.empty() || unfit(token.reveal(), true) != nullptr)
            return fail(errc::malformed_response, std::string{instance_service} + " answered with no usable token");
        std::scoped_lock const lock{memory_.mutex};
        memory_.token = token;
        memory_.token_ends = clock_.now() + instance_token_life(*answer);
        return token;
    }

    /// Repeats what may pass; where nobody ever answered, only once, so that a search elsewhere than on EC2 soon ends.
    result<http::response> send(http::request const& request) {
        for (int attempt = 1;; ++attempt) {
            auto answer = http_.send(request);
            if (answer) remember(&instance_memory::answered, true);
            bool const answered = known(&instance_memory::answered);
            if (instance_may_pass(answer) && attempt < how_.attempts.value_or(answered ? 4 : 2)) {
                clock_.sleep_for(retry::backoff(std::chrono::milliseconds{100}, std::chrono::seconds{2}, attempt, 1),
                                 {});
                continue;
            }
            if (answer) return answer;
            silent_ = instance_may_pass(answer) && !answered;
            if (silent_) return no_instance(how_, answer.error());
            return instance_unreachable(std::move(answer).error());
        }
    }

    Http& http_;
    Clock& clock_;
    instance_settings const& how_;
    instance_memory& memory_;
    secret token_{};
    bool without_token_ = false;
    bool silent_ = false; ///< the last request found nobody, as ever
};

} // namespace detail

/// A `credential_policy` that asks the metadata service of an EC2 instance for the attached role's key, by version 2 of its
/// protocol: with a token, kept until a minute before its end; version 1 only where `instance_options::allow_v1` says so and
/// AWS_EC2_METADATA_V1_DISABLED does not forbid it. Keys come with the account's id where the service tells it. Never through
/// a proxy. What may pass (no answer, 5xx, 429) is repeated after 100, 200, 400 ms; a refused token is renewed once.
///
/// `errc::not_configured` where there is no such service, where it is switched off by AWS_EC2_METADATA_DISABLED, and where
/// no role is attached. It reads AWS_EC2_METADATA_SERVICE_ENDPOINT, ..._ENDPOINT_MODE, AWS_EC2_INSTANCE_PROFILE_NAME,
/// AWS_METADATA_SERVICE_TIMEOUT (seconds, 1) and AWS_METADATA_SERVICE_NUM_ATTEMPTS (4, and 2 as long as nobody answered), or
/// the profile's settings of those names. A key that has ended is never handed out, whatever the service says. May be used
/// from several threads; copies share the token. Follows "IMDS credential provider" of the AWS SDKs and Tools guide.
class instance {
public:
    static constexpr std::string_view name = "instance";

    instance() : instance{instance_options{}} {}
    explicit instance(instance_options options) :
        options_{std::move(options)}, memory_{std::make_shared<detail::instance_memory>()} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const how = detail::read_instance_settings(environment, options_);
        if (!how) return how.error();
        return detail::instance_search<Http, Clock>{http, clock, *how, *memory_}.key();
    }

private:
    instance_options options_;
    std::shared_ptr<detail::instance_memory> memory_;
};

} // namespace fargate::inline v0::credentials

#endif
