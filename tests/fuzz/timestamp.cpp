// Times as AWS, Prefect and HTTP write them.
#include "fuzz/fuzz.hpp"

#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace text = fargate::text;
using fuzz::promise;

namespace {

/// What is written of a moment reads back as the moment, to the precision of its form.
void writes(text::instant moment) {
    bool const can_be_written = moment >= text::earliest_written && moment <= text::latest_written;
    std::string const iso = text::iso8601(moment);
    std::string const amz = text::amz_timestamp(moment);
    auto const from_iso = text::parse_iso8601(iso);
    auto const from_amz = text::parse_amz_timestamp(amz);
    promise(from_iso && from_amz, "what is written can be read");
    promise(text::iso8601(*from_iso) == iso && text::amz_timestamp(*from_amz) == amz,
            "what is written is in its final form");
    promise(amz.size() == 16, "AWS's form has one length");
    if (!can_be_written) return;
    promise(*from_iso == moment, "what is written reads back as the same moment");
    promise(*from_amz == std::chrono::floor<std::chrono::seconds>(moment), "AWS's form drops the fraction alone");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = fuzz::text_of(data, size);
    auto const iso = text::parse_iso8601(input);
    auto const amz = text::parse_amz_timestamp(input);
    auto const date = text::parse_http_date(input);
    for (auto const& each : {iso, amz, date})
        if (each) writes(*each);
    promise(!(iso && amz) && !(iso && date) && !(amz && date), "no text is a time of two forms");

    bool const leaps = input.size() == 16 && input.substr(13, 2) == "60";
    if (amz && !leaps) promise(text::amz_timestamp(*amz) == input, "AWS's form has one text for each second");
    if (iso) {
        std::string zoned{input};
        if (zoned.ends_with('Z') || zoned.ends_with('z')) {
            zoned.pop_back();
            promise(text::parse_iso8601(zoned) == iso, "no zone means UTC");
            promise(text::parse_iso8601(zoned + "+00:00") == iso, "Z means no offset");
            auto const east = text::parse_iso8601(zoned + "+01:30");
            promise(east && *east == *iso - std::chrono::minutes{90},
                    "what is written with an offset is earlier by it");
        }
    }
    return 0;
}
