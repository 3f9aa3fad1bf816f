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
/// {{"/token", "abc"}}}`. Paths are names, not places: nothing is resolved. May be read and changed from several threads.
class map_environment {
public:
    using map = std::map<std::string, std::string, std::less<>>;

    map_environment() = default;
    explicit map_environment(map variables, map const& files = {}) : variables_{std::move(variables)} {
        for (auto const& [path, text] : files) files_.emplace(path, text);
    }
    map_environment(map_environment const& other) {
        std::scoped_lock const lock{other.mutex_};
        variables_ = other.variables_;
        files_ = other.files_;
    }
    map_environment& operator=(map_environment other) {
        std::scoped_lock const lock{mutex_};
        variables_.swap(other.variables_);
        files_.swap(other.files_);
        reads_.clear();
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

private:
    mutable std::mutex mutex_;
    map variables_;
    std::map<std::string, result<std::string>, std::less<>> files_;
    mutable std::map<std::string, std::size_t, std::less<>> reads_;
};

} // namespace fargate::inline v0::testing

#endif
