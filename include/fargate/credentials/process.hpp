#ifndef FARGATE_CREDENTIALS_PROCESS_HPP
#define FARGATE_CREDENTIALS_PROCESS_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/shell_words.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

namespace detail {

/// The end of what a program complained, on one line of printable ASCII.
[[nodiscard]] inline std::string complaint(std::string_view errors) {
    constexpr std::size_t longest = 400;
    errors = text::trim(errors);
    std::string made;
    if (errors.size() > longest) {
        made = "... ";
        errors.remove_prefix(errors.size() - longest);
    }
    for (char const c : errors) {
        bool const blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!blank)
            made += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F ? '?' : c;
        else if (!made.ends_with(' '))
            made += ' ';
    }
    return made;
}

/// The key that a program's answer holds. Names members of the protocol and quotes nothing.
[[nodiscard]] inline result<access_key> read_process_answer(json::value const& answer, time_point now,
                                                            std::string source) {
    if (json::integer_of(answer, "Version") != 1)
        return fail(errc::malformed_response, "its output has no \"Version\": 1, the only one that is known");
    for (char const* const each : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"})
        if (json::member(answer, each) != nullptr && !json::text_of(answer, each))
            return fail(errc::malformed_response, std::string{each} + " in its output is no text");
    auto const text = [&](std::string_view member) {
        return key_text{member, json::text_of(answer, member).value_or("")};
    };
    auto made = make_key(text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), std::move(source));
    if (!made && made.error().code == errc::not_configured)
        return fail(errc::malformed_response, "its output holds neither AccessKeyId nor SecretAccessKey");
    if (made) made = ending(*std::move(made), text("Expiration"), now);
    if (made) made->account_id = text::trim(text("AccountId").text);
    if (!made) made.error().code = errc::malformed_response;
    return made;
}

} // namespace detail

/// A `credential_policy` that runs the program of a profile's `credential_process` and reads the key that it writes. No shell
/// takes part: the command is split into words (see `text::shell_words`), and pipes, variables and `~` in it mean nothing.
/// The program has 60 seconds and 64 KiB; what it writes to standard error is shown when it fails, what it writes to
/// standard output never. A key without `Expiration` does not end. `errc::not_configured` when the command is empty.
///
/// A command is run with this process's rights: take it from the user's own configuration and nowhere else. Follows
/// "Process credential provider" of the AWS SDKs and Tools guide.
class process {
public:
    static constexpr std::string_view name = "process";

    process() = default;
    /// `account_id` goes into the key when the program tells none: a profile's `aws_account_id`.
    explicit process(std::string command, std::string account_id = {}) :
        command_{std::move(command)}, account_id_{std::move(account_id)} {}

    template <class Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock& clock, Environment const& environment) const {
        auto const words = text::shell_words(command_);
        if (!words) return fail(errc::bad_configuration, "credential_process: " + words.error().message);
        if (words->empty()) return fail(errc::not_configured, "credential_process is not set");
        if constexpr (requires { environment.run(*words, program_limits{}); }) {
            return read(environment.run(*words, program_limits{}), words->front(), clock.now());
        } else {
            static_cast<void>(clock);
            static_cast<void>(environment);
            return fail(errc::bad_configuration,
                        "credential_process is set, but this program's environment runs no other programs");
        }
    }

private:
    [[nodiscard]] result<access_key> read(result<program_output> ran, std::string_view program, time_point now) const {
        auto const about = [program](std::string_view what) {
            return "credential_process " + text::printable(program) + ": " + std::string{what};
        };
        if (!ran) {
            auto why = std::move(ran).error();
            why.code =
                why.code == errc::not_found || why.code == errc::invalid_argument ? errc::bad_configuration : why.code;
            why.message = about(why.message);
            return why;
        }
        if (ran->status != 0) {
            wipe(ran->output);
            auto const said = detail::complaint(ran->errors);
            return fail(errc::bad_configuration, about("it ended with status " + std::to_string(ran->status) +
                                                       (said.empty() ? " and said nothing" : ": " + said)));
        }
        auto answer = json::parse(ran->output);
        wipe(ran->output);
        if (!answer || !answer->is_object()) {
            if (answer) json::wipe(*answer);
            return fail(errc::malformed_response, about("its output is no JSON object"));
        }
        auto made = detail::read_process_answer(*answer, now, std::string{name});
        json::wipe(*answer);
        if (!made)
            made.error().message = about(made.error().message);
        else if (made->account_id.empty())
            made->account_id = account_id_;
        return made;
    }

    std::string command_;
    std::string account_id_;
};

} // namespace fargate::inline v0::credentials

#endif
