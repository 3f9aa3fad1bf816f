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

    fixed() : fixed{access_key{}} {}
    explicit fixed(access_key const& key) : key_{checked(key)} {}
    fixed(std::string_view id, secret const& secret_key, secret const& token = {}) :
        key_{make(id, secret_key.reveal(), token.reveal())} {
        if (key_) key_->generation = next_generation();
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock&, Environment const&) const {
        return key_;
    }

private:
    static result<access_key> make(std::string_view id, std::string_view secret_key, std::string_view token) {
        return make_key({"aws_access_key_id", id}, {"aws_secret_access_key", secret_key}, {"aws_session_token", token},
                        std::string{name});
    }

    static result<access_key> checked(access_key const& key) {
        auto made = make(key.id, key.secret_key.reveal(), key.session_token.reveal());
        if (!made) return made;
        made->expires = key.expires;
        made->account_id = key.account_id;
        made->generation = key.generation != 0 ? key.generation : next_generation();
        if (!key.source.empty()) made->source = key.source;
        return made;
    }

    result<access_key> key_;
};

} // namespace fargate::inline v0::credentials

#endif
