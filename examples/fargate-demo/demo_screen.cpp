#include "demo_screen.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

std::string padded(std::string_view text, std::size_t width) {
    std::string made{text.substr(0, width)};
    made.resize(width, ' ');
    return made;
}

/// The colour of a state, as a terminal's escape sequence.
char const* colour_of(demo_row const& row) {
    if (row.bad) return "\x1b[31m";
    if (row.state == "STOPPED") return "\x1b[32m";
    if (row.state == "RUNNING") return "\x1b[36m";
    return row.state == "queued" ? "\x1b[2m" : "\x1b[33m";
}

} // namespace

demo_screen::demo_screen(bool plain) :
    live_{!plain && ::isatty(STDOUT_FILENO) == 1 && std::getenv("TERM") != nullptr &&
          std::string_view{std::getenv("TERM")} != "dumb"},
    colour_{live_ && std::getenv("NO_COLOR") == nullptr} {}

void demo_screen::show(std::vector<demo_row> const& rows) {
    if (rows == shown_) return;
    live_ ? draw(rows) : tell(rows);
    std::fflush(stdout);
    shown_ = rows;
}

std::string demo_screen::painted(demo_row const& row, std::size_t width) const {
    auto const state = padded(row.state, width);
    return colour_ ? colour_of(row) + state + "\x1b[0m" : state;
}

void demo_screen::draw(std::vector<demo_row> const& rows) {
    if (!shown_.empty()) std::printf("\x1b[%zuA\x1b[J", shown_.size() + 1);
    std::printf("%s  %s  %s  %s\n", padded("FLOW RUN", 8).c_str(), padded("FLOW", 18).c_str(),
                padded("STATE", 14).c_str(), "TASK");
    for (auto const& row : rows)
        std::printf("%s  %s  %s  %s\n", row.id.substr(0, 8).c_str(), padded(row.flow, 18).c_str(),
                    painted(row, 14).c_str(), row.detail.substr(0, 72).c_str());
}

void demo_screen::tell(std::vector<demo_row> const& rows) {
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    for (auto const& row : rows) {
        auto const before =
            std::find_if(shown_.begin(), shown_.end(), [&](demo_row const& each) { return each.id == row.id; });
        if (before == shown_.end() || before->state != row.state)
            std::printf("%6.2f s  %s  %s  %s  %s\n", seconds, row.id.substr(0, 8).c_str(), padded(row.flow, 18).c_str(),
                        padded(row.state, 14).c_str(), row.detail.c_str());
    }
}
