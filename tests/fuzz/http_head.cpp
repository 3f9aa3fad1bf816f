// The head of an HTTP answer, and its fields.
#include "fuzz/fuzz.hpp"

#include <fargate/http/check.hpp>
#include <fargate/http/fields.hpp>
#include <fargate/http/head.hpp>
#include <fargate/text/ascii.hpp>

#include <optional>
#include <string>

namespace http = fargate::http;
namespace text = fargate::text;
using fuzz::promise;

namespace {

/// The head that the lines of a text make; nothing when one of them is refused.
std::optional<http::head> read(std::string_view lines, std::string_view line_end) {
    http::head made;
    while (!lines.empty()) {
        auto const [line, rest] = fuzz::split(lines);
        if (!made.take(std::string{line} + std::string{line_end})) return std::nullopt;
        lines = rest;
    }
    return made;
}

bool same(http::head const& left, http::head const& right) {
    if (left.complete() != right.complete() || left.status() != right.status()) return false;
    if (left.announced() != right.announced() || left.headers().size() != right.headers().size()) return false;
    auto other = right.headers().begin();
    for (auto const& each : left.headers()) {
        if (each.name != other->name || each.value != other->value) return false;
        ++other;
    }
    return true;
}

void fields(http::fields const& given) {
    for (auto const& each : given) {
        promise(http::is_token(each.name), "a field's name is a token");
        promise(http::is_field_value(each.value), "a field's value can be sent");
        promise(text::trim(each.value) == each.value, "a value has no blanks around it");

        http::fields changed = given;
        changed.set(text::upper(each.name), "new");
        promise(changed.value_of(each.name) == "new", "what is set is found, in any case");
        promise(changed.size() <= given.size(), "setting what is there adds nothing");
        changed.set(each.name, "newer");
        std::size_t named = 0;
        for (auto const& one : changed) named += text::iequals(one.name, each.name) ? 1U : 0U;
        promise(named == 1, "what is set is there once");
        changed.erase(each.name);
        promise(!changed.find(each.name), "what is erased is not found");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = fuzz::text_of(data, size);
    auto const got = read(input, "\n");
    auto const with_returns = read(input, "\r\n");
    bool const ends_in_return = input.find("\r\n") != std::string_view::npos || input.ends_with('\r');
    if (!ends_in_return) {
        promise(got.has_value() == with_returns.has_value(), "either line end is one");
        promise(!got || same(*got, *with_returns), "a head is the same with either line end");
    }
    if (!got || !got->complete()) return 0;
    promise(got->status() >= 200 && got->status() <= 999, "a final answer has a final status");
    fields(got->headers());

    std::string written = "HTTP/1.1 " + std::to_string(got->status()) + " Text\r\n";
    for (auto const& each : got->headers()) written += each.name + ": " + each.value + "\r\n";
    auto const again = read(written + "\r\n", "\n");
    promise(again && same(*got, *again), "a head that is written out reads back as the same");
    if (got->announced()) promise(got->headers().find("Content-Length").has_value(), "a length was announced");
    return 0;
}
