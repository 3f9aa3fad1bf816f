// Python literals: what flows' arguments are written in.
#include "fuzz/fuzz.hpp"

#include <fargate/deploy/literal.hpp>
#include <fargate/deploy/python_repr.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/utf8.hpp>

#include <string>

namespace deploy = fargate::deploy;
namespace json = fargate::json;
using deploy::literal;
using fuzz::promise;

namespace {

/// What Python's `repr` of a value is.
void write(std::string& out, json::value const& value) {
    std::string_view separator;
    if (auto const text = json::as_text(value)) {
        deploy::append_python_repr(out, *text);
    } else if (value.is_array()) {
        out += '[';
        for (auto const& each : value) {
            out += separator;
            write(out, each);
            separator = ", ";
        }
        out += ']';
    } else if (value.is_object()) {
        out += '{';
        for (auto const& [name, each] : value.items()) {
            out += separator;
            deploy::append_python_repr(out, name);
            out += ": ";
            write(out, each);
            separator = ", ";
        }
        out += '}';
    } else if (value.is_null()) {
        out += "None";
    } else if (value.is_boolean()) {
        out += value == json::value(true) ? "True" : "False";
    } else {
        out += json::write(value);
    }
}

/// Equal, and of one type: 1 is not 1.0.
bool same(json::value const& left, json::value const& right) { return json::write(left) == json::write(right); }

bool holds(std::string_view document, char const* what) { return document.find(what) != std::string_view::npos; }

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const input{fuzz::text_of(data, size)};
    auto const read = deploy::read_literal(input);
    promise((read.kind == literal::outcome::refused) == !read.what.empty(), "a refusal says what it is about");
    promise(read.kind == literal::outcome::parsed || read.value.is_null(), "what is not parsed has no value");

    if (read.kind == literal::outcome::parsed) {
        promise(!read.value.is_discarded() && !read.value.is_binary(), "a literal is a document");
        std::string written;
        write(written, read.value);
        auto const again = deploy::read_literal(written);
        promise(again.kind == literal::outcome::parsed && same(again.value, read.value),
                "the repr of what is read reads back as the same");

        auto const enclosed = deploy::read_literal("(" + input + "\n)");
        bool const too_deep = enclosed.kind == literal::outcome::refused;
        promise(too_deep || (enclosed.kind == literal::outcome::parsed && same(enclosed.value, read.value)),
                "parentheses around an expression change nothing");
    }

    // JSON that says nothing of true, false and null, as this library writes it, is Python too; but two escapes of one
    // character beyond the first plane are two characters there.
    auto const document = json::parse(input);
    if (!document) return 0;
    std::string const written = json::write(*document);
    if (holds(written, "true") || holds(written, "false") || holds(written, "null") || holds(written, "\\ud")) return 0;
    auto const as_python = deploy::read_literal(written);
    promise(as_python.kind != literal::outcome::plain_text, "such JSON is a literal");
    if (as_python.kind == literal::outcome::parsed)
        promise(same(as_python.value, *document), "such JSON reads the same by both readers");
    return 0;
}
