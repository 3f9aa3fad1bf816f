#ifndef FARGATE_TESTING_CAPTURED_LOG_HPP
#define FARGATE_TESTING_CAPTURED_LOG_HPP

#include <fargate/system/log.hpp>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::testing {

/// A `log_policy` that keeps every line, at every level. May be used from several threads.
class captured_log {
public:
    struct line {
        log_level level;
        std::string text;
    };

    void write(log_level level, std::string_view text) {
        std::scoped_lock const lock{mutex_};
        lines_.push_back({level, std::string{text}});
    }

    [[nodiscard]] std::vector<line> lines() const {
        std::scoped_lock const lock{mutex_};
        return lines_;
    }

    /// True when some line contains `part`.
    [[nodiscard]] bool contains(std::string_view part) const { return count(part) != 0; }

    /// How many lines contain `part`.
    [[nodiscard]] std::size_t count(std::string_view part) const {
        std::scoped_lock const lock{mutex_};
        std::size_t found = 0;
        for (auto const& each : lines_) found += each.text.find(part) != std::string::npos;
        return found;
    }

    [[nodiscard]] std::size_t count(log_level level) const {
        std::scoped_lock const lock{mutex_};
        std::size_t found = 0;
        for (auto const& each : lines_) found += each.level == level;
        return found;
    }

    /// All of it, one `LEVEL text` a line.
    [[nodiscard]] std::string text() const {
        std::scoped_lock const lock{mutex_};
        std::string all;
        for (auto const& each : lines_) {
            all += name_of(each.level);
            all += ' ';
            all += each.text;
            all += '\n';
        }
        return all;
    }

    void clear() {
        std::scoped_lock const lock{mutex_};
        lines_.clear();
    }

private:
    mutable std::mutex mutex_;
    std::vector<line> lines_;
};

} // namespace fargate::inline v0::testing

#endif
