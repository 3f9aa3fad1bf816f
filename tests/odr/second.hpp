#ifndef FARGATE_TESTS_ODR_SECOND_HPP
#define FARGATE_TESTS_ODR_SECOND_HPP

#include <string>
#include <string_view>

// What the other translation unit sees.
namespace second {

using lower_function = std::string (*)(std::string_view);

lower_function lower();
std::string_view version();

} // namespace second

#endif
