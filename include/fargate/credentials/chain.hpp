#ifndef FARGATE_CREDENTIALS_CHAIN_HPP
#define FARGATE_CREDENTIALS_CHAIN_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace fargate::inline v0::credentials {

/// A `credential_policy` that asks others in order until one has a key. One that is not configured is passed over; any
/// other failure ends the search, because somebody configured that source. The message then says what every source
/// answered. A provider's `static constexpr std::string_view name`, when it has one, stands before its answer.
template <class... Providers>
class chain {
public:
    static constexpr std::string_view name = "chain";

    chain() = default;
    explicit chain(Providers... providers) requires(sizeof...(Providers) != 0) : providers_{std::move(providers)...} {}

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        return ask<0>({}, http, clock, environment);
    }

    /// Passes a refused key on to every provider that wants to know.
    void invalidate(std::uint64_t generation) {
        auto const tell = [generation](auto& provider) {
            if constexpr (requires { provider.invalidate(generation); }) provider.invalidate(generation);
        };
        std::apply([&](auto&... each) { (tell(each), ...); }, providers_);
    }

private:
    template <std::size_t Index, class Http, class Clock, class Environment>
    result<access_key> ask(std::string answers, Http& http, Clock& clock, Environment const& environment) {
        if constexpr (Index == sizeof...(Providers)) {
            return fail(errc::not_configured, "no access key found: " + answers);
        } else {
            auto& provider = std::get<Index>(providers_);
            auto key = provider.fetch(http, clock, environment);
            if (key) return key;
            auto why = std::move(key).error();
            std::string answer = label(provider) + why.message;
            if (why.code == errc::not_configured) {
                if (Index != 0) answers += "; ";
                return ask<Index + 1>(answers + answer, http, clock, environment);
            }
            why.message = std::move(answer);
            if (Index != 0) why.message += " (before it: " + answers + ")";
            return why;
        }
    }

    template <class Provider>
    static std::string label(Provider const&) {
        if constexpr (requires { std::string_view{Provider::name}; })
            return std::string{Provider::name} + ": ";
        else
            return {};
    }

    std::tuple<Providers...> providers_{};
};

} // namespace fargate::inline v0::credentials

#endif
