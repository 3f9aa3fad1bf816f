#ifndef FARGATE_TESTING_PREFECT_GATE_HPP
#define FARGATE_TESTING_PREFECT_GATE_HPP

#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// Who may pass into the fake Prefect Cloud, and how often; not guarded, the fake behind it is.
class prefect_gate {
public:
    /// What a request is authorized with.
    enum class pass : unsigned char { none, token, key, access, refresh };

    std::string token{};                                 ///< the one good API token
    std::string api_key{};                               ///< the one good API key
    duration access_lifetime = std::chrono::minutes{10}; ///< of an access token
    std::size_t requests_a_minute = 0;                   ///< more are answered 429; 0: any number

    /// Looks at the fields of a request. A key may name its own tenant only.
    [[nodiscard]] pass shown_by(http::request const& request, std::string_view tenant, time_point now) const {
        auto bearer = request.headers.value_of("authorization");
        constexpr std::string_view scheme = "Bearer ";
        if (!bearer.starts_with(scheme)) return pass::none;
        bearer.remove_prefix(scheme.size());
        if (bearer.empty()) return pass::none;
        if (bearer == token) return pass::token;
        auto const named = request.headers.find("x-prefect-tenant-id");
        if (bearer == api_key) return !named || *named == tenant ? pass::key : pass::none;
        for (auto const& each : granted_) {
            if (bearer == each.token && now < each.until) return pass::access;
            if (bearer == each.refresh) return pass::refresh;
        }
        return pass::none;
    }

    /// A new access token, in the form of the API's answer.
    [[nodiscard]] json::value grant(time_point now) {
        auto const number = std::to_string(++count_);
        granted_.push_back({"access-" + number, "refresh-" + number, now + access_lifetime});
        auto const& made = granted_.back();
        return json::value{
            {"access_token", made.token}, {"expires_at", text::iso8601(made.until)}, {"refresh_token", made.refresh}};
    }

    /// The same in place of an old one, for its refresh token; nothing when the two do not belong together.
    [[nodiscard]] std::optional<json::value> renew(http::request const& request, std::string_view old, time_point now) {
        auto const found = std::find_if(granted_.begin(), granted_.end(), [&](grant_row const& each) {
            return each.token == old && request.headers.value_of("authorization") == "Bearer " + each.refresh;
        });
        if (found == granted_.end()) return std::nullopt;
        granted_.erase(found);
        return grant(now);
    }

    /// Forgets every access token: nobody is logged in any more.
    void revoke() { granted_.clear(); }

    /// Counts a request; the seconds until one is taken again when it is one too many.
    [[nodiscard]] std::optional<std::chrono::seconds> too_often(time_point now) {
        if (requests_a_minute == 0) return std::nullopt;
        while (!recent_.empty() && recent_.front() + std::chrono::minutes{1} <= now) recent_.pop_front();
        if (recent_.size() >= requests_a_minute)
            return std::chrono::ceil<std::chrono::seconds>(recent_.front() + std::chrono::minutes{1} - now);
        recent_.push_back(now);
        return std::nullopt;
    }

private:
    struct grant_row {
        std::string token;
        std::string refresh;
        time_point until;
    };
    std::vector<grant_row> granted_;
    std::size_t count_ = 0;
    std::deque<time_point> recent_;
};

} // namespace fargate::inline v0::testing

#endif
