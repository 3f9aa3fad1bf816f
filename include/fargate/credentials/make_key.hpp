#ifndef FARGATE_CREDENTIALS_MAKE_KEY_HPP
#define FARGATE_CREDENTIALS_MAKE_KEY_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// One text of a key, and what its source calls it: `AWS_ACCESS_KEY_ID`.
struct key_text {
    std::string_view name;
    std::string_view text;
};

namespace detail {

/// Why a text cannot stand in a key; nullptr when it can. Id and token become parts of header fields, so they are visible
/// ASCII; a secret may hold more, but neither blanks nor control characters.
[[nodiscard]] constexpr char const* unfit(std::string_view part, bool ascii) noexcept {
    if (part.size() >= 2 && part.front() == part.back() && (part.front() == '"' || part.front() == '\''))
        return " stands in quotes: leave them out";
    for (char const c : part) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7F) return " holds a blank or a control character inside: copy it again";
        if (byte >= 0x80 && ascii) return " holds a character that is not ASCII: copy it again";
    }
    return nullptr;
}

} // namespace detail

/// Puts a key together from texts of one source. Blanks and line ends around them are dropped. `errc::not_configured` when
/// there is neither id nor secret (a token alone is no key), `errc::bad_configuration` when one of them is missing or a
/// text cannot be what it shall be; the message names it and does not quote it.
[[nodiscard]] inline result<access_key> make_key(key_text id, key_text secret_key, key_text token, std::string source) {
    for (auto* const each : {&id, &secret_key, &token}) each->text = text::trim(each->text);
    std::string const id_name{id.name};
    std::string const secret_name{secret_key.name};
    if (id.text.empty() && secret_key.text.empty()) return fail(errc::not_configured, id_name + " is not set");
    if (secret_key.text.empty())
        return fail(errc::bad_configuration, id_name + " is set without " + secret_name + ": set both or neither");
    if (id.text.empty())
        return fail(errc::bad_configuration, secret_name + " is set without " + id_name + ": set both or neither");
    for (auto const* const each : {&id, &secret_key, &token})
        if (char const* const why = detail::unfit(each->text, each != &secret_key))
            return fail(errc::bad_configuration, std::string{each->name} + why);
    access_key made;
    made.id = id.text;
    made.secret_key = secret{secret_key.text};
    made.session_token = secret{token.text};
    made.source = std::move(source);
    return made;
}

/// Sets when a key ends, from an ISO 8601 text; an empty one means that it does not. `errc::bad_configuration` when it is
/// no time, or past.
[[nodiscard]] inline result<access_key> ending(access_key key, key_text when, time_point now) {
    when.text = text::trim(when.text);
    if (when.text.empty()) return key;
    key.expires = text::parse_iso8601(when.text);
    if (!key.expires)
        return fail(errc::bad_configuration, std::string{when.name} + " is no time: write it as 2020-12-08T17:00:00Z");
    if (*key.expires <= now)
        return fail(errc::bad_configuration, "the key ended at " + text::iso8601(*key.expires) + ", says " +
                                                 std::string{when.name} +
                                                 ": get a new one, or mend this machine's clock");
    return key;
}

} // namespace fargate::inline v0::credentials

#endif
