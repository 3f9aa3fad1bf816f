#ifndef FARGATE_TESTS_SUPPORT_PRECOMPILED_HPP
#define FARGATE_TESTS_SUPPORT_PRECOMPILED_HPP

// Read once for the whole suite. Nothing of ours is in it: a test sees our headers in its own order.

#include "catch.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#endif
