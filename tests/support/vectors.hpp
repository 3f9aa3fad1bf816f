#ifndef FARGATE_TESTS_SUPPORT_VECTORS_HPP
#define FARGATE_TESTS_SUPPORT_VECTORS_HPP

#include <fargate/json/json.hpp>
#include <fargate/system/environment.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace testing_support {

/// Where tests/vectors is. One object file knows it, so that the others are the same in every checkout.
[[nodiscard]] char const* vectors_folder() noexcept;

/// The text of a file of tests/vectors; ends the test run when it is not there.
inline std::string load_text(std::string const& name) {
    auto text = fargate::process_environment{}.read_file(std::string{vectors_folder()} + "/" + name);
    if (text) return *text;
    std::fprintf(stderr, "%s\n", text.error().message.c_str());
    std::exit(2);
}

/// The same as a document.
inline fargate::json::value load(std::string const& name) {
    auto document = fargate::json::parse(load_text(name));
    if (document) return *document;
    std::fprintf(stderr, "%s: %s\n", name.c_str(), document.error().message.c_str());
    std::exit(2);
}

/// A text member that the data is known to have.
inline std::string text(fargate::json::value const& document, char const* key) {
    return std::string{fargate::json::text_of(document, key).value_or("")};
}

} // namespace testing_support

#endif
