#ifndef FARGATE_SYSTEM_ENVIRONMENT_HPP
#define FARGATE_SYSTEM_ENVIRONMENT_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/subprocess.hpp>
#include <fargate/text/ascii.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <pwd.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// The only door to environment variables, files and other programs.
///
/// | expression            | type                         | contract                                                    |
/// |-----------------------|------------------------------|-------------------------------------------------------------|
/// | `e.variable(name)`    | `std::optional<std::string>` | the variable's text; nothing when it is not set              |
/// | `e.read_file(path)`   | `result<std::string>`        | the file's bytes, at most 1 MiB; `errc::not_found` when there |
/// |                       |                              | is no such file, `errc::bad_configuration` when it cannot be |
/// |                       |                              | read or is longer                                           |
/// | `e.home_directory()`  | (optional member)            | where the user's files are, when the variable `HOME` does not |
/// |                       | `std::optional<std::string>` | tell                                                        |
/// | `e.variables(prefix)` | (optional member)            | name and text of every variable whose name begins so, in any |
/// |                       | `std::vector<std::pair<      | order; without it, only names that are known beforehand are  |
/// |                       | std::string, std::string>>`  | found: `PREFECT__CLOUD__API`, but no `..._ENV_VARS__<NAME>`  |
/// | `e.write_file(path,   | (optional member)            | replaces the file, or makes it, all or nothing: readers see  |
/// | bytes)`               | `result<void>`               | the old bytes or the new; for its owner alone to read. Without|
/// |                       |                              | it, a renewed sign-on token is kept in memory                |
/// | `e.run(arguments,     | (optional member)            | what `run_program` does; without it, `credential_process` is  |
/// | program_limits)`      | `result<program_output>`     | an error                                                     |
///
/// `e` is const and may be used from several threads at once.
template <class Environment>
concept environment_policy = requires(Environment const& e, std::string_view name) {
    { e.variable(name) } -> std::same_as<std::optional<std::string>>;
    { e.read_file(name) } -> std::same_as<result<std::string>>;
};

/// A variable's text; nothing when it is not set or holds nothing but blanks, which is how scripts unset one.
template <environment_policy Environment>
[[nodiscard]] std::optional<std::string> filled_variable(Environment const& environment, std::string_view name) {
    auto value = environment.variable(name);
    if (value && text::trim(*value).empty()) value.reset();
    return value;
}

/// This process's environment and files, and the programs of its PATH.
class process_environment {
public:
    static constexpr std::size_t largest_file = 1024 * 1024;

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
        char const* const value = std::getenv(std::string{name}.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string{value};
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables(std::string_view prefix) const {
        std::vector<std::pair<std::string, std::string>> found;
        for (char const* const* each = ::environ; each != nullptr && *each != nullptr; ++each) {
            std::string_view const entry{*each};
            auto const equals = entry.find('=');
            if (equals == std::string_view::npos || !entry.substr(0, equals).starts_with(prefix)) continue;
            found.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
        }
        return found;
    }

    [[nodiscard]] result<std::string> read_file(std::string_view path) const {
        std::string const name{path};
        std::FILE* const file = std::fopen(name.c_str(), "rbe");
        if (file == nullptr) {
            if (errno == ENOENT || errno == ENOTDIR || (errno == EACCES && hidden(name)))
                return fail(errc::not_found, "no file " + name);
            return fail(errc::bad_configuration, "cannot open " + name + ": check its permissions");
        }
        std::string text;
        char block[4096];
        std::size_t count = 0;
        while (text.size() <= largest_file && (count = std::fread(block, 1, sizeof block, file)) != 0)
            text.append(block, count);
        bool const broken = std::ferror(file) != 0;
        std::fclose(file);
        if (broken) return fail(errc::bad_configuration, "cannot read " + name + ": is it a file?");
        if (text.size() > largest_file) return fail(errc::bad_configuration, name + " is longer than 1 MiB");
        return text;
    }

    /// Writes a file beside it, mode 0600, and puts that in its place when every byte is on the disk. Nothing is left behind
    /// after a failure, which is `errc::bad_configuration`.
    [[nodiscard]] result<void> write_file(std::string_view path, std::string_view bytes) const {
        std::string const name{path};
        std::string draft = name + ".XXXXXX";
        int const file = mkostemp(draft.data(), O_CLOEXEC);
        if (file < 0) return fail(errc::bad_configuration, "cannot write " + name + ": check its directory");
        bool done = true;
        while (done && !bytes.empty()) {
            ssize_t const count = ::write(file, bytes.data(), bytes.size());
            if (count > 0)
                bytes.remove_prefix(static_cast<std::size_t>(count));
            else
                done = count < 0 && errno == EINTR;
        }
        done = done && ::fsync(file) == 0;
        done = ::close(file) == 0 && done;
        done = done && std::rename(draft.c_str(), name.c_str()) == 0;
        if (done) return {};
        ::unlink(draft.c_str());
        return fail(errc::bad_configuration,
                    "cannot write " + name + ": is there space, and no directory of that name?");
    }

    [[nodiscard]] result<program_output> run(std::vector<std::string> const& arguments,
                                             program_limits const& limits = {}) const {
        return run_program(arguments, limits);
    }

    [[nodiscard]] std::optional<std::string> home_directory() const {
        char texts[4096];
        passwd entry{};
        passwd* found = nullptr;
        if (getpwuid_r(geteuid(), &entry, texts, sizeof texts, &found) != 0 || found == nullptr) return std::nullopt;
        return std::string{found->pw_dir};
    }

private:
    /// In a directory that this user may not look into, as another user's home is in many containers: whatever is there is
    /// not for this process.
    static bool hidden(std::string const& name) {
        auto const slash = name.rfind('/');
        if (slash == std::string::npos) return false;
        return access(name.substr(0, slash + 1).c_str(), X_OK) != 0;
    }
};

} // namespace fargate::inline v0

#endif
