#ifndef FARGATE_TESTS_PEERS_PEERS_HPP
#define FARGATE_TESTS_PEERS_PEERS_HPP

#include "support/catch.hpp"

#include <cstdlib>
#include <string>

// What the tests against other people's servers share.

namespace peers {

inline std::string variable(char const* name) {
    char const* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// Whether tests/peers/run.py started the server whose address this variable holds.
inline bool there_is(char const* address) {
    if (!variable(address).empty()) return true;
    WARN("SKIPPED: " << address << " is not set; tests/peers/run.py starts the server and sets it");
    return false;
}

/// What a failed answer says, for the report.
template <class Answer>
std::string why(Answer const& answer) {
    return answer ? "" : answer.error().message;
}

/// What follows the key and a line feed in every object that boto3 puts.
inline std::string every_byte() {
    std::string made;
    for (int i = 0; i != 256; ++i) made += static_cast<char>(i);
    return made;
}

} // namespace peers

#endif
