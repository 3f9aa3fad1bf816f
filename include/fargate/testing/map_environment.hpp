#ifndef FARGATE_TESTING_MAP_ENVIRONMENT_HPP
#define FARGATE_TESTING_MAP_ENVIRONMENT_HPP

#include <fargate/system/environment.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// An `environment_policy` of just the variables and files that it was given: `map_environment{{{"AWS_REGION", "eu-west-1"}},
/// {{"/token", "abc"}}}`. Paths are names, not places: nothing is resolved. Files may be written; programs do what a test
/// has said they do. May be read and changed from several threads.
class map_environment {
public:
    using map = std::map<std::string, std::string, std::less<>>;
    /// What a program does: told all its words, the first one its name, and the limits.
    using program = std::function<result<program_output>(std::vector<std::string> const&, program_limits const&)>;

    map_environment() = default;
    explicit map_environment(map variables, map const& files = {}) : variables_{std::move(variables)} {
        for (auto const& [path, text] : files) files_.emplace(path, text);
    }
    map_environment(map_environment const& other) {
        std::scoped_lock const lock{other.mutex_};
        variables_ = other.variables_;
        files_ = other.files_;
        programs_ = other.programs_;
        write_failure_ = other.write_failure_;
    }
    map_environment& operator=(map_environment other) {
        std::scoped_lock const lock{mutex_};
        variables_.swap(other.variables_);
        files_.swap(other.files_);
        programs_.swap(other.programs_);
        write_failure_.swap(other.write_failure_);
        reads_.clear();
        writes_.clear();
        runs_.clear();
        return *this;
    }

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
        std::scoped_lock const lock{mutex_};
        auto const found = variables_.find(name);
        if (found == variables_.end()) return std::nullopt;
        return found->second;
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables(std::string_view prefix) const {
        std::scoped_lock const lock{mutex_};
        std::vector<std::pair<std::string, std::string>> found;
        for (auto at = variables_.lower_bound(prefix); at != variables_.end() && at->first.starts_with(prefix); ++at)
            found.push_back(*at);
        return found;
    }

    [[nodiscard]] result<std::string> read_file(std::string_view path) const {
        std::scoped_lock const lock{mutex_};
        ++reads_[std::string{path}];
        auto const found = files_.find(path);
        if (found == files_.end()) return fail(errc::not_found, "no file " + std::string{path});
        return found->second;
    }

    [[nodiscard]] result<void> write_file(std::string_view path, std::string_view bytes) const {
        std::scoped_lock const lock{mutex_};
        writes_.emplace_back(path);
        if (write_failure_) return *write_failure_;
        files_.insert_or_assign(std::string{path}, std::string{bytes});
        return {};
    }

    [[nodiscard]] result<program_output> run(std::vector<std::string> const& arguments,
                                             program_limits const& limits = {}) const {
        program known;
        {
            std::scoped_lock const lock{mutex_};
            runs_.push_back(arguments);
            auto const found = programs_.find(arguments.empty() ? std::string{} : arguments.front());
            if (found == programs_.end()) return fail(errc::not_found, "there is no such program");
            known = found->second;
        }
        return known(arguments, limits);
    }

    /// From now on `name` is a program, which does what `does` says; called outside the lock.
    void set_program(std::string name, program does) {
        std::scoped_lock const lock{mutex_};
        programs_.insert_or_assign(std::move(name), std::move(does));
    }
    /// From now on `name` is a program that always ends this way.
    void set_program(std::string name, program_output left) {
        set_program(std::move(name), [left = std::move(left)](auto const&, auto const&) { return left; });
    }

    /// From now on every write fails with `why`; `std::nullopt` makes them succeed again.
    void break_writes(std::optional<error> why) {
        std::scoped_lock const lock{mutex_};
        write_failure_ = std::move(why);
    }

    void set(std::string name, std::string value) {
        std::scoped_lock const lock{mutex_};
        variables_.insert_or_assign(std::move(name), std::move(value));
    }

    void unset(std::string const& name) {
        std::scoped_lock const lock{mutex_};
        variables_.erase(name);
    }

    void set_file(std::string path, std::string text) {
        std::scoped_lock const lock{mutex_};
        files_.insert_or_assign(std::move(path), std::move(text));
    }

    /// From now on, reading `path` answers with `why`: a file without permission, a directory.
    void break_file(std::string path, error why) {
        std::scoped_lock const lock{mutex_};
        files_.insert_or_assign(std::move(path), std::move(why));
    }

    void remove_file(std::string const& path) {
        std::scoped_lock const lock{mutex_};
        files_.erase(path);
    }

    /// How often `path` was asked for, there or not.
    [[nodiscard]] std::size_t reads(std::string_view path) const {
        std::scoped_lock const lock{mutex_};
        auto const found = reads_.find(path);
        return found == reads_.end() ? 0 : found->second;
    }

    /// The paths that were written to, successfully or not, in order.
    [[nodiscard]] std::vector<std::string> writes() const {
        std::scoped_lock const lock{mutex_};
        return writes_;
    }

    /// The words of every program that was run, there or not, in order.
    [[nodiscard]] std::vector<std::vector<std::string>> runs() const {
        std::scoped_lock const lock{mutex_};
        return runs_;
    }

private:
    mutable std::mutex mutex_;
    map variables_;
    mutable std::map<std::string, result<std::string>, std::less<>> files_;
    std::map<std::string, program, std::less<>> programs_;
    std::optional<error> write_failure_;
    mutable std::vector<std::string> writes_;
    mutable std::vector<std::vector<std::string>> runs_;
    mutable std::map<std::string, std::size_t, std::less<>> reads_;
};

} // namespace fargate::inline v0::testing

#endif
