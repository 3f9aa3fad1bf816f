#ifndef FARGATE_CREDENTIALS_FIXED_HPP
#define FARGATE_CREDENTIALS_FIXED_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// A `credential_policy` that hands out one key, given in the program: `fixed{"AKIA...", "..."}`. Without any it has
/// nothing to offer; half a pair is an error that names what is missing as the agent's options do.
class fixed {
public:
    static constexpr std::string_view name = "fixed";

    fixed() = default;
    explicit fixed(access_key key) : key_{std::move(key)} {}
    fixed(std::string id, secret secret_key, secret token = {}) {
        key_.id = std::move(id);
        key_.secret_key = std::move(secret_key);
        key_.session_token = std::move(token);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock&, Environment const&) const {
        auto made = make_key({"aws_access_key_id", key_.id}, {"aws_secret_access_key", key_.secret_key.reveal()},
                             {"aws_session_token", key_.session_token.reveal()}, std::string{name});
        if (!made) return made;
        made->expires = key_.expires;
        made->account_id = key_.account_id;
        made->generation = key_.generation;
        if (!key_.source.empty()) made->source = key_.source;
        return made;
    }

private:
    access_key key_{};
};

} // namespace fargate::inline v0::credentials

#endif
