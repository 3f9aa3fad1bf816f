#ifndef FARGATE_AGENT_DEMO_SCREEN_HPP
#define FARGATE_AGENT_DEMO_SCREEN_HPP

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// One flow run as the demo shows it.
struct demo_row {
    std::string id;
    std::string flow;
    std::string state = "queued";
    std::string detail{}; ///< a task, or why there is none
    bool bad = false;

    friend bool operator==(demo_row const&, demo_row const&) = default;
};

/// Shows rows as they change: a table that is drawn over itself on a terminal, else a line for every change.
class demo_screen {
public:
    explicit demo_screen(bool plain);

    void show(std::vector<demo_row> const& rows);

private:
    void draw(std::vector<demo_row> const& rows);
    void tell(std::vector<demo_row> const& rows);
    [[nodiscard]] std::string painted(demo_row const& row, std::size_t width) const;

    bool live_;
    bool colour_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::vector<demo_row> shown_{};
};

#endif
