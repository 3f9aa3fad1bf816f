#ifndef FARGATE_DEPLOY_FINDING_HPP
#define FARGATE_DEPLOY_FINDING_HPP

#include <fargate/core/error.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::deploy {

/// One thing that is wrong with what an agent is told, found before anything was launched. Holds no secret.
struct finding {
    std::string path{};   ///< where it stands: `networkConfiguration.awsvpcConfiguration.subnets[0]`; may be empty
    std::string what{};   ///< what is wrong there
    std::string remedy{}; ///< what mends it; may be empty

    /// In one line, whatever words of AWS's or of the arguments it holds: `cpu: 300 CPU units are no size of Fargate's; give
    /// 256, 512, ...`.
    [[nodiscard]] std::string line() const {
        std::string made = path;
        if (!made.empty()) made += ": ";
        made += what;
        if (!remedy.empty()) made.append("; ").append(remedy);
        text::blank_controls(made);
        return made;
    }
};

/// An error as a finding. Its message names the place first where that begins with `where`: `where[0].name must be text`.
[[nodiscard]] inline finding finding_of(error const& why, std::string_view where = {}) {
    std::string_view const message = why.message;
    if (where.empty() || !message.starts_with(where)) return {std::string{where}, why.message, {}};
    std::size_t const space = std::min(message.find(' ', where.size()), message.size());
    std::string_view path = message.substr(0, space);
    if (path.ends_with(':')) path.remove_suffix(1);
    return {std::string{path}, std::string{text::trim(message.substr(space))}, {}};
}

} // namespace fargate::inline v0::deploy

#endif
