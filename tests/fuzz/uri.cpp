// Addresses and percent encoding.
#include "fuzz/fuzz.hpp"

#include <fargate/text/ascii.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/uri.hpp>

#include <string>

namespace text = fargate::text;
using fuzz::promise;

namespace {

void addresses(std::string_view input) {
    auto const read = text::split_url(input);
    if (!read) {
        promise(!read.error().message.empty() && fuzz::is_one_line(read.error().message), "a refusal is one line");
        return;
    }
    std::string whole = std::string{read->scheme} + "://" + std::string{read->authority} + std::string{read->path};
    if (read->has_query) whole += '?' + std::string{read->query};
    promise(text::iequals(whole.substr(0, 5), input.substr(0, 5)) && whole.substr(5) == input.substr(5),
            "the parts of an address are the address");
    promise(text::contains(read->authority, read->host), "the host is part of the authority");
    promise(read->path.empty() || read->path.front() == '/', "a path begins with a slash");
    promise(read->port != 0, "a port is a number from 1");

    std::string const field = text::host_field(*read);
    promise(fuzz::is_one_line(field) && !text::contains(field, " "), "a Host field is one word");
    std::string const short_form = std::string{read->scheme} + "://" + field;
    auto const again = text::split_url(short_form);
    promise(again.has_value(), "what the Host field says is an address's host");
    promise(again->port == read->port && again->host == text::lower(read->host),
            "the Host field names the same host and port");
    promise(text::host_field(*again) == field, "a Host field is in its final form");
}

void escapes(std::string_view input) {
    for (bool const keep_slash : {false, true}) {
        std::string const coded = text::percent_encode(input, keep_slash);
        promise(text::percent_decode(coded) == input, "what is encoded decodes to what it was");
        for (char const c : coded)
            promise(text::is_unreserved(c) || c == '%' || (keep_slash && c == '/'),
                    "an encoded text holds unreserved characters and escapes");
    }
    std::string const decoded = text::percent_decode(input);
    promise(decoded.size() <= input.size(), "decoding makes nothing longer");
    if (!text::contains(input, "%")) promise(decoded == input, "without % nothing is decoded");
    promise(text::percent_decode(text::percent_encode(decoded)) == decoded, "decoded text can be encoded again");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = fuzz::text_of(data, size);
    addresses(input);
    escapes(input);
    return 0;
}
