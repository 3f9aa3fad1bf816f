#ifndef FARGATE_AWS_CONFIDED_HPP
#define FARGATE_AWS_CONFIDED_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/http/fields.hpp>
#include <fargate/text/masked.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// What one attempt confided to a service, and what a service says must therefore not be told as it is. AWS quotes the
/// request whose signature it refuses, session token and all, and the header field that it cannot read; others quote the
/// body that they do not like.
class confided {
public:
    /// The key's secrets and the signature. Texts that are too short to be a real key are let be.
    confided(access_key const& key, http::fields const& sent) {
        constexpr std::size_t shortest_key = 16;
        std::string_view const authorization = sent.value_of("Authorization");
        auto const at = authorization.find("Signature=");
        auto const signature = at == std::string_view::npos ? "" : authorization.substr(at + 10);
        for (auto const each : {key.secret_key.reveal(), key.session_token.reveal(), signature})
            if (each.size() >= shortest_key) secrets_.emplace_back(each);
        if (!authorization.empty()) authorization_.emplace_back(authorization);
    }

    /// With more secrets. Texts that are too short to be told from words are let be.
    [[nodiscard]] confided with(std::span<secret const> more) && {
        constexpr std::size_t shortest = 6;
        for (auto const& each : more)
            if (each.reveal().size() >= shortest) secrets_.push_back(each);
        return std::move(*this);
    }

    /// What a service said, with all of it masked, before anything is cut off.
    void withhold(service_failure& said) const {
        said.message = masked(said.message, detail::longest_message);
        for (auto* const each : {&said.code, &said.request_id, &said.host_id, &said.redirect_region})
            *each = masked(*each, detail::longest_code);
        for (auto& each : said.resources) each = masked(each, each.size() + 4);
    }

    void withhold(error& why) const {
        text::mask(why, secrets_);
        text::mask(why, authorization_, {.piece = longest_common});
    }

private:
    /// Parts of the field that all its likes have: the algorithm, the names of fields, `us-east-1/ecs/aws4_request`.
    static constexpr std::size_t longest_common = 32;

    /// `longest` is what the words were cut to, at the most inside a character.
    [[nodiscard]] std::string masked(std::string_view words, std::size_t longest) const {
        bool const whole = words.size() + 4 <= longest;
        return text::masked(text::masked(words, secrets_, {.whole = whole}), authorization_, {.piece = longest_common});
    }

    std::vector<secret> secrets_{};
    std::vector<secret> authorization_{};
};

} // namespace fargate::inline v0::aws

#endif
