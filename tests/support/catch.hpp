#ifndef FARGATE_TESTS_SUPPORT_CATCH_HPP
#define FARGATE_TESTS_SUPPORT_CATCH_HPP

// Catch2 as version 3 or version 2 installs it; the suite uses what both share.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
