#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <clocale>
#include <cstdlib>
#include <locale>
#include <string>

namespace {

/// Writes numbers and truth as nobody's wire does.
struct strange_numbers : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
    std::string do_truename() const override { return "evet"; }
};

} // namespace

/// For the thread sanitizer: OpenSSL counts who holds a TLS session in a way that it does not see, and so the last holder's
/// freeing looks to it like a race with another's earlier reading.
extern "C" char const* __tsan_default_suppressions() { return "race:libcrypto.so\n"; }

int main(int argc, char* argv[]) {
    // The suite runs a second time as in a program that has set the user's locale.
    if (std::getenv("FARGATE_TESTS_ELSEWHERE") != nullptr) {
        std::locale::global(std::locale{std::locale::classic(), new strange_numbers});
        std::setlocale(LC_ALL, "");
    }
    return Catch::Session().run(argc, argv);
}
