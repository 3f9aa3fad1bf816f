#ifndef FARGATE_TESTS_SUPPORT_SANITIZERS_HPP
#define FARGATE_TESTS_SUPPORT_SANITIZERS_HPP

#ifndef __has_feature
#define __has_feature(which) 0
#endif

namespace testing_support {

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr bool under_asan = true;
#else
inline constexpr bool under_asan = false;
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
inline constexpr bool under_tsan = true;
#else
inline constexpr bool under_tsan = false;
#endif

} // namespace testing_support

#endif
