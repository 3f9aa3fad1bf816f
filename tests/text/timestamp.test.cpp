#include <fargate/text/timestamp.hpp>

#include "support/catch.hpp"

#include <string>

using namespace fargate::text;
using namespace std::chrono_literals;
using std::chrono::sys_days;

namespace {

constexpr instant at(std::chrono::year_month_day day, std::chrono::microseconds since_midnight = 0us) {
    return sys_days{day} + since_midnight;
}

} // namespace

static_assert(parse_iso8601("1970-01-01T00:00:00Z") == instant{});
static_assert(parse_iso8601("2024-01-02T03:04:05Z") == at(2024y / 1 / 2, 3h + 4min + 5s));
static_assert(parse_http_date("Thu, 01 Jan 1970 00:00:01 GMT") == instant{1s});
static_assert(!parse_iso8601("") && !parse_http_date(""));

TEST_CASE("AWS times are written to the second, whatever the fraction") {
    CHECK(amz_timestamp(at(2024y / 1 / 2, 3h + 4min + 5s)) == "20240102T030405Z");
    CHECK(amz_timestamp(at(2024y / 12 / 31, 24h - 1us)) == "20241231T235959Z");
}

TEST_CASE("AWS times read back, and nothing else reads as one") {
    CHECK(parse_amz_timestamp("20240102T030405Z") == at(2024y / 1 / 2, 3h + 4min + 5s));
    CHECK(parse_amz_timestamp(amz_timestamp(instant{-1s})) == instant{-1s});
    for (auto const* each : {"", "20240102T030405", "20240102t030405Z", "20240102T030405Z ", "20240102T240000Z",
                             "20240230T000000Z", "2024-01-02T03:04:05Z", "20240102 030405Z", "+0240102T030405Z"}) {
        CAPTURE(each);
        CHECK_FALSE(parse_amz_timestamp(each));
    }
}

TEST_CASE("times before 1970 count down, not towards it") {
    CHECK(amz_timestamp(instant{-1us}) == "19691231T235959Z");
    CHECK(iso8601(instant{-1us}) == "1969-12-31T23:59:59.999999+00:00");
    CHECK(iso8601(at(1900y / 3 / 1, -1s)) == "1900-02-28T23:59:59+00:00");
    CHECK(parse_iso8601("1969-12-31T23:59:59.999999Z") == instant{-1us});
}

TEST_CASE("years that four digits cannot write come out as the nearest that they can") {
    CHECK(amz_timestamp(instant::max()) == "99991231T235959Z");
    CHECK(iso8601(instant::max()) == "9999-12-31T23:59:59.999999+00:00");
    CHECK(amz_timestamp(instant::min()) == "00000101T000000Z");
    CHECK(iso8601(latest_written + 1us) == "9999-12-31T23:59:59.999999+00:00");
}

TEST_CASE("ISO times are those of Python's isoformat") {
    CHECK(iso8601(at(2020y / 12 / 8, 17h)) == "2020-12-08T17:00:00+00:00");
    CHECK(iso8601(at(2020y / 12 / 8, 17h + 123456us)) == "2020-12-08T17:00:00.123456+00:00");
    CHECK(iso8601(at(2020y / 12 / 8, 17h + 50us)) == "2020-12-08T17:00:00.000050+00:00");
}

TEST_CASE("fractions have one to nine digits and are cut at the microsecond") {
    auto const read = [](std::string const& fraction) { return parse_iso8601("1970-01-01T00:00:00" + fraction + "Z"); };
    CHECK(read(".1") == instant{100'000us});
    CHECK(read(".000001") == instant{1us});
    CHECK(read(".123456") == instant{123'456us});
    CHECK(read(".123456789") == instant{123'456us});
    CHECK(read(".999999999") == instant{999'999us});
    CHECK_FALSE(read("."));
    CHECK_FALSE(read(".1234567890"));
    CHECK_FALSE(read(",1"));
}

TEST_CASE("offsets are taken off, and no offset means UTC") {
    instant const noon = at(2021y / 3 / 14, 12h);
    for (auto const* each : {"2021-03-14T12:00:00", "2021-03-14 12:00:00", "2021-03-14T12:00:00Z",
                             "2021-03-14t12:00:00z", "2021-03-14T12:00:00+00:00", "2021-03-14T12:00:00-0000",
                             "2021-03-14T13:00:00+01", "2021-03-14T17:30:00+05:30", "2021-03-14T17:30:00+0530",
                             "2021-03-14T04:00:00-08:00", "2021-03-15T11:59:00+23:59", "2021-03-13T12:01:00-23:59"}) {
        CAPTURE(each);
        CHECK(parse_iso8601(each) == noon);
    }
    CHECK(parse_iso8601("0000-01-01T00:00:00+01:00") == earliest_written - 1h);
}

TEST_CASE("a leap second reads as the second after") {
    CHECK(parse_iso8601("2016-12-31T23:59:60Z") == at(2017y / 1 / 1));
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == at(2017y / 1 / 1));
    CHECK_FALSE(parse_iso8601("2016-12-31T23:59:61Z"));
}

TEST_CASE("text that is no ISO time reads as nothing") {
    for (auto const* each : {"2021-02-29T00:00:00Z",
                             "2021-13-01T00:00:00Z",
                             "2021-00-01T00:00:00Z",
                             "2021-01-00T00:00:00Z",
                             "2021-01-32T00:00:00Z",
                             "2021-04-31T00:00:00Z",
                             "2021-01-01T24:00:00Z",
                             "2021-01-01T00:60:00Z",
                             "2021-01-01",
                             "2021-01-01T00:00",
                             "2021-01-01T00:00:00+",
                             "2021-01-01T00:00:00+1",
                             "2021-01-01T00:00:00+24:00",
                             "2021-01-01T00:00:00+00:60",
                             "2021-01-01T00:00:00+00:0",
                             "2021-01-01T00:00:00ZZ",
                             "2021-01-01T00:00:00 Z",
                             " 2021-01-01T00:00:00Z",
                             "2021-01-01T00:00:00Z ",
                             "21-01-01T00:00:00Z",
                             "12021-01-01T00:00:00Z",
                             "-001-01-01T00:00:00Z",
                             "2021-1-01T00:00:00Z",
                             "20210101T000000Z",
                             "2021-01-01T+1:00:00Z",
                             "not a time"}) {
        CAPTURE(each);
        CHECK_FALSE(parse_iso8601(each));
    }
    CHECK(parse_iso8601("2020-02-29T00:00:00Z"));
    CHECK(parse_iso8601("2000-02-29T00:00:00Z"));
    CHECK_FALSE(parse_iso8601("1900-02-29T00:00:00Z"));
}

TEST_CASE("what is written reads back the same") {
    for (instant const each : {instant{}, instant{-1us}, at(2020y / 2 / 29, 23h + 59min + 59s + 999'999us),
                               at(1y / 1 / 1), latest_written, earliest_written})
        CHECK(parse_iso8601(iso8601(each)) == each);
}

TEST_CASE("the three forms of an HTTP date name the same moment") {
    instant const moment = at(1994y / 11 / 6, 8h + 49min + 37s);
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == moment);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == moment);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == moment);
    CHECK(parse_http_date("Wed Nov 16 08:49:37 1994") == moment + std::chrono::days{10});
    CHECK(parse_http_date("sun, 06 nov 1994 08:49:37 gmt") == moment);
    CHECK(parse_http_date("Wednesday, 01-Jan-69 00:00:00 GMT") == at(2069y / 1 / 1));
    CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == instant{});
}

TEST_CASE("text that is no HTTP date reads as nothing") {
    for (auto const* each :
         {"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
          "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Son, 06 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nof 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
          "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
          "Sun Nov  6 08:49:37 94", "Sun", "Sunday", "Sunday, ", "1994-11-06T08:49:37Z", "0"}) {
        CAPTURE(each);
        CHECK_FALSE(parse_http_date(each));
    }
}
