#include <fargate/deploy/external_kwargs.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/aws/s3.hpp>
#include <fargate/testing/captured_log.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aws = fargate::aws;
namespace deploy = fargate::deploy;
namespace json = fargate::json;
using fargate::errc;
using fargate::log_level;
using fargate::result;

namespace {

/// S3 with one answer; keeps what it was asked for.
struct one_object {
    result<aws::object> answer = aws::object{};
    std::vector<aws::object_request> asked{};
    result<aws::object> get_object(aws::object_request const& which, std::stop_token) {
        asked.push_back(which);
        return answer;
    }
};

fargate::prefect::flow flow_1() {
    fargate::prefect::flow made;
    made.id = "a718df81-3376-4039-a1e6-cf5b79baa7d4";
    made.name = "flow #1";
    return made;
}

struct scene {
    one_object s3{};
    fargate::testing::captured_log log{};

    result<std::optional<deploy::kwargs>> fetch(bool strict = false) {
        deploy::settings with;
        with.external = {true, "my-bucket", "prefect"};
        with.strict = strict;
        deploy::external_kwargs<one_object, fargate::testing::captured_log> const source{s3, with, log};
        return source.fetch(flow_1());
    }
    result<std::optional<deploy::kwargs>> read(std::string body, bool strict = false) {
        aws::object made;
        made.body = std::move(body);
        s3.answer = std::move(made);
        return fetch(strict);
    }
    void refuse(std::string code, int status, std::string message = "m") {
        auto why = fargate::fail(status == 404 ? errc::not_found : errc::service_error,
                                 "s3 GetObject: " + code + ": " + message);
        why.http_status = status;
        why.service_code = code;
        s3.answer = why;
    }
    /// Why a body is none; the error and nothing but one line of it.
    std::string refused(std::string body, bool strict = false) {
        auto const got = read(std::move(body), strict);
        if (got) return "(taken)";
        CHECK(got.error().code == errc::invalid_argument);
        CHECK(got.error().message.find('\n') == std::string::npos);
        std::string const place = "external kwargs s3://my-bucket/prefect/flow-1/a718df81.json: ";
        CHECK_THAT(got.error().message, Catch::StartsWith(place));
        return got.error().message.substr(std::min(place.size(), got.error().message.size()));
    }
    std::vector<std::string> told(log_level at) const {
        std::vector<std::string> made;
        for (auto const& each : log.lines())
            if (each.level == at) made.push_back(each.text);
        return made;
    }
};

std::string const fetching = "Fetching external kwargs from S3";
std::string const none = "Flow id a718df81 does not have external kwargs.";
std::string const updating = "Updating default kwargs with external";

} // namespace

TEST_CASE("the key is the prefix, the slug of the flow's name and the first eight of its id, joined like a path") {
    struct row {
        char const* prefix;
        char const* name;
        char const* key;
    };
    auto const each = GENERATE(values<row>({
        {"prefect", "flow #1", "prefect/flow-1/a718df81.json"},
        {"", "flow #1", "flow-1/a718df81.json"},
        {"prefect/", "flow #1", "prefect/flow-1/a718df81.json"},
        {"a/b c", "flow #1", "a/b c/flow-1/a718df81.json"},
        {"a//b", "flow #1", "a//b/flow-1/a718df81.json"},
        {"/", "flow #1", "/flow-1/a718df81.json"},
        {"/a", "flow #1", "/a/flow-1/a718df81.json"},
        {"prefect", "#!?", "prefect/a718df81.json"},
        {"prefect/", "", "prefect/a718df81.json"},
        {"", "---", "a718df81.json"},
        {" a ", "Crème Brûlée", " a /creme-brulee/a718df81.json"},
    }));
    auto flow = flow_1();
    flow.name = each.name;
    deploy::settings with;
    with.external.key = each.prefix;
    CHECK(deploy::external_key(flow, with) == each.key);
}

TEST_CASE("external arguments are fetched for each run, split into their groups, and told in two lines") {
    scene here;
    auto const got = here.read(R"({"cpu": "1024", "memory": 2048, "count": "2", "tags": "[{'key': 'a', 'value': 'b'}]",
        "containerDefinitions": [{"environment": [{"name": "A", "value": "1"}]}]})");
    REQUIRE(got);
    REQUIRE(*got);
    CHECK((*got)->definition ==
          json::value({{"cpu", "1024"}, {"memory", "2048"}, {"tags", {{{"key", "a"}, {"value", "b"}}}}}));
    CHECK((*got)->run == json::value({{"tags", {{{"key", "a"}, {"value", "b"}}}}, {"count", 2}}));
    CHECK((*got)->container == json::value({{"environment", {{{"name", "A"}, {"value", "1"}}}}}));
    CHECK(here.told(log_level::info) == std::vector<std::string>{fetching, updating});
    CHECK(here.log.count(log_level::warning) == 0);
    REQUIRE(here.fetch());
    REQUIRE(here.s3.asked.size() == 2);
    CHECK(here.s3.asked[1].bucket == "my-bucket");
    CHECK(here.s3.asked[1].key == "prefect/flow-1/a718df81.json");
}

TEST_CASE("without an object there are no external arguments, which is told in three lines") {
    scene here;
    here.refuse("NoSuchKey", 404, "The specified key does not exist.");
    auto const got = here.fetch();
    REQUIRE(got);
    CHECK_FALSE(*got);
    CHECK(here.told(log_level::info) == std::vector<std::string>{fetching, none, updating});
    CHECK(here.log.count(log_level::warning) == 0);
}

TEST_CASE("a bucket that does not exist has no external arguments either, and is worth a warning") {
    scene here;
    here.refuse("NoSuchBucket", 404);
    auto const got = here.fetch();
    REQUIRE(got);
    CHECK_FALSE(*got);
    CHECK(here.told(log_level::info) == std::vector<std::string>{fetching, none, updating});
    CHECK(here.told(log_level::warning) ==
          std::vector<std::string>{"There is no bucket my-bucket, going on without external kwargs: check "
                                   "external_kwargs_s3_bucket"});
}

TEST_CASE("an object that may not be read counts as none, with a warning that names it") {
    scene here;
    here.refuse("AccessDenied", 403, "Access Denied");
    auto const got = here.fetch();
    REQUIRE(got);
    CHECK_FALSE(*got);
    CHECK(here.told(log_level::info) == std::vector<std::string>{fetching, none, updating});
    REQUIRE(here.told(log_level::warning).size() == 1);
    CHECK_THAT(here.told(log_level::warning)[0],
               Catch::Contains("s3://my-bucket/prefect/flow-1/a718df81.json") && Catch::Contains("s3:GetObject"));
}

TEST_CASE("whatever else S3 or the way to it has to say fails the run with the reason") {
    struct row {
        errc code;
        int status;
        char const* service_code;
    };
    auto const each = GENERATE(values<row>({{errc::connection_failed, 0, ""},
                                            {errc::timed_out, 0, ""},
                                            {errc::cancelled, 0, ""},
                                            {errc::not_configured, 0, ""},
                                            {errc::too_large, 0, ""},
                                            {errc::unauthorized, 403, "InvalidAccessKeyId"},
                                            {errc::unauthorized, 400, "ExpiredToken"},
                                            {errc::service_error, 403, "403"},
                                            {errc::service_error, 503, "SlowDown"},
                                            {errc::service_error, 500, "InternalError"},
                                            {errc::service_error, 301, "PermanentRedirect"},
                                            {errc::not_found, 404, "404"}}));
    INFO(each.service_code);
    scene here;
    auto why = fargate::fail(each.code, "s3 GetObject: because");
    why.http_status = each.status;
    why.service_code = each.service_code;
    here.s3.answer = why;
    auto const got = here.fetch();
    REQUIRE_FALSE(got);
    CHECK(got.error().message == "external kwargs s3://my-bucket/prefect/flow-1/a718df81.json: s3 GetObject: because");
    CHECK(got.error().code == each.code);
    CHECK(here.told(log_level::info) == std::vector<std::string>{fetching});
}

TEST_CASE("what is no JSON object of arguments is refused with the place and the reason, and never a value of it") {
    scene here;
    CHECK(here.refused("") == "not a JSON document: bad text at byte 1: expected '[', '{', or a literal");
    CHECK(here.refused("{\"cpu\": \"256\",\n \"memory\": }").find("(line 2, column 12)") != std::string::npos);
    CHECK(here.refused("\xFF{}").find("not a JSON document") == 0);
    CHECK(here.refused("{\"cpu\": \"\xE9\"}").find("not a JSON document") == 0);
    CHECK(here.refused(R"({"cpu": "1", "cpu": "2"})") == R"(not a JSON document: member "cpu" occurs twice)");
    CHECK(here.refused(R"({"networkConfiguration": {"a": 1, "a": 1}})") ==
          R"(not a JSON document: member "a" occurs twice)");
    CHECK(here.refused("[]") == "it must be an object, not a list");
    CHECK(here.refused("null") == "it must be an object, not null");
    CHECK(here.refused(R"("{'cpu': '256'}")") == "it must be an object, not text");
    CHECK(here.refused(R"({"networkConfiguration": []})") == "networkConfiguration must be an object, not a list");
    CHECK(here.refused(R"({"cpu": 256.5})") == "cpu must be text, not a number with a fraction");
    CHECK(here.refused(R"({"enableECSManagedTags": "perhaps"})") ==
          "enableECSManagedTags must be true or false, not text");
    std::string const one = "containerDefinitions: Fargate agent only accepts configuration for a single container "
                            "definition.";
    for (char const* const many : {"[{}, {}]", "[]", "{}", "1", "\"x\"", "[1]"})
        CHECK(here.refused(R"({"containerDefinitions": )" + std::string{many} + "}") == one);
    CHECK(here.refused(R"({"containerDefinitions": [{"environment": [{"value": "hunter2"}]}]})") ==
          "containerDefinitions[0].environment[0] has no name: give it one, as text");
    CHECK_FALSE(here.log.contains("hunter2"));
    CHECK(here.refused(R"({"containerDefinitions": [{"secrets": {"name": "hunter2"}}]})").find("hunter2") ==
          std::string::npos);
    auto const deep = here.refused(std::string(100000, '['));
    CHECK(deep == "not a JSON document: it is nested more than 128 deep");
}

TEST_CASE("the example of Prefect's documentation is told where its quote too much is, and without it is taken") {
    auto body = testing_support::load_text("prefect1/external_kwargs_sample.txt");
    scene here;
    CHECK_THAT(here.refused(body), Catch::Contains("(line 10, ") && Catch::EndsWith(": expected ':'"));
    auto const stray = body.find("\"memory\"\":");
    REQUIRE(stray != std::string::npos);
    body.erase(stray + 8, 1);
    auto const got = here.read(body, true);
    REQUIRE(got);
    REQUIRE(*got);
    CHECK(json::text_of((*got)->definition, "memory") == "512");
    CHECK(json::text_of((*got)->run, "platformVersion") == "1.4.0");
    CHECK((*got)->container["mountPoints"] ==
          json::value({{{"sourceVolume", "myEfsVolume"}, {"containerPath", "/data"}, {"readOnly", false}}}));
    CHECK((*got)->container["secrets"][0]["name"] == "TEST_SECRET");
    CHECK((*got)->definition["volumes"][0]["efsVolumeConfiguration"]["authorizationConfig"]["iam"] == "ENABLED");
    CHECK(here.log.count(log_level::warning) == 0);
}

TEST_CASE("an unknown name is left out with the object and what was probably meant, or refused when strict") {
    std::string const typo = R"({"networkconfiguration": {}, "cpu": "512"})";
    std::string const hint = "unknown keyword argument networkconfiguration is ignored: did you mean "
                             "networkConfiguration?";
    scene here;
    auto const got = here.read(typo);
    REQUIRE(got);
    CHECK((*got)->run.empty());
    CHECK(json::text_of((*got)->definition, "cpu") == "512");
    CHECK(here.told(log_level::warning) ==
          std::vector<std::string>{"external kwargs s3://my-bucket/prefect/flow-1/a718df81.json: " + hint});
    CHECK(here.refused(typo, true) ==
          "unknown keyword argument networkconfiguration: did you mean networkConfiguration?");

    std::string const inside = R"({"containerDefinitions": [{"secret": []}]})";
    REQUIRE(here.read(inside));
    CHECK_THAT(here.told(log_level::warning).back(), Catch::EndsWith("did you mean containerDefinitions[0].secrets?"));
    CHECK_THAT(here.refused(inside, true), Catch::Contains("containerDefinitions[0].secret"));
}

TEST_CASE("the launch type cannot be set by a file, under either name") {
    for (std::string const name : {"launchType", "launch_type"}) {
        scene here;
        auto const got = here.read(R"({")" + name + R"(": "EC2", "cpu": "512"})");
        REQUIRE(got);
        CHECK((*got)->run.empty());
        CHECK(json::write((*got)->definition) == R"({"cpu": "512"})");
        REQUIRE(here.told(log_level::warning).size() == 1);
        CHECK_THAT(here.told(log_level::warning)[0],
                   Catch::EndsWith(name + " cannot be set there and is ignored: set the agent's option launch_type"));
        CHECK(here.refused(R"({")" + name + R"(": "EC2"})", true).find(name + " cannot be set there") == 0);
    }
}

namespace {

/// S3 with objects that have ETags, of which it sends only what the caller does not have.
struct tagged_objects {
    std::map<std::string, aws::object> objects{};
    std::vector<std::string> had{}; ///< the ETag that each request named
    std::size_t sent = 0;           ///< bytes of bodies
    std::optional<fargate::error> trouble{};

    void put(std::string const& key, std::string body, std::string etag) {
        objects[key] = {};
        objects[key].body = std::move(body);
        objects[key].etag = std::move(etag);
    }
    result<aws::object> get_object(aws::object_request const& which, std::stop_token) {
        had.push_back(which.if_none_match);
        if (trouble) return *trouble;
        auto const found = objects.find(which.key);
        if (found == objects.end()) return refused(404, "NoSuchKey");
        if (!which.if_none_match.empty() && which.if_none_match == found->second.etag) return refused(304, "304");
        sent += found->second.body.size();
        return found->second;
    }
    static fargate::error refused(int status, std::string code) {
        auto why = fargate::fail(status == 404 ? errc::not_found : errc::service_error, "s3 GetObject: " + code);
        why.http_status = status;
        why.service_code = std::move(code);
        return why;
    }
};

struct library {
    tagged_objects s3{};
    fargate::testing::captured_log log{};
    deploy::settings with = [] {
        deploy::settings made;
        made.external = {true, "my-bucket", ""};
        return made;
    }();
    deploy::external_kwargs<tagged_objects, fargate::testing::captured_log> source{s3, with, log};

    std::string cpu_of(std::string const& name) {
        auto flow = flow_1();
        flow.name = name;
        auto const got = source.fetch(flow);
        if (!got) return got.error().message;
        return *got ? std::string{json::text_of((**got).definition, "cpu").value_or("")} : "(none)";
    }
    void put(std::string const& name, std::string const& cpu, std::string etag, std::size_t size = 0) {
        s3.put(name + "/a718df81.json", R"({"cpu": ")" + cpu + R"("})" + std::string(size, ' '), std::move(etag));
    }
};

} // namespace

TEST_CASE("an object that has not changed is not sent again, and counts all the same, warnings and all") {
    library here;
    here.s3.put("f/a718df81.json", R"({"cpu": "256", "odd": 1})", "\"1\"");
    CHECK(here.cpu_of("f") == "256");
    auto const bytes = here.s3.sent;
    for (int i = 0; i != 3; ++i) CHECK(here.cpu_of("f") == "256");
    CHECK(here.s3.sent == bytes);
    CHECK(here.s3.had == std::vector<std::string>{"", "\"1\"", "\"1\"", "\"1\""});
    CHECK(here.log.count(log_level::warning) == 4);

    here.put("f", "512", "\"2\"");
    CHECK(here.cpu_of("f") == "512");
    CHECK(here.cpu_of("f") == "512");
    CHECK(here.s3.had.back() == "\"2\"");
}

TEST_CASE("an object without an ETag, or with a weak one, is sent each time") {
    auto const etag = GENERATE(values<std::string>({"", "W/\"1\""}));
    library here;
    here.put("f", "1024", "\"1\"");
    CHECK(here.cpu_of("f") == "1024");
    here.put("f", "256", etag);
    CHECK(here.cpu_of("f") == "256");
    CHECK(here.cpu_of("f") == "256");
    CHECK(here.s3.had == std::vector<std::string>{"", "\"1\"", ""});
}

TEST_CASE("an object that was taken away is none, and the one that comes in its place is read") {
    library here;
    here.put("f", "256", "\"1\"");
    CHECK(here.cpu_of("f") == "256");
    here.s3.trouble = tagged_objects::refused(503, "SlowDown");
    CHECK(here.cpu_of("f").find("SlowDown") != std::string::npos);
    here.s3.trouble.reset();
    here.s3.objects.clear();
    CHECK(here.cpu_of("f") == "(none)");
    here.put("f", "512", "\"1\"");
    CHECK(here.cpu_of("f") == "512");
    CHECK(here.s3.had == std::vector<std::string>{"", "\"1\"", "\"1\"", ""});
}

TEST_CASE("a 304 that nobody asked for is an error like any other") {
    library here;
    here.s3.trouble = tagged_objects::refused(304, "304");
    CHECK(here.cpu_of("f") == "external kwargs s3://my-bucket/f/a718df81.json: s3 GetObject: 304");
}

TEST_CASE("no more is kept of objects than their bounds say") {
    library here;
    constexpr auto mebibyte = std::size_t{1024} * 1024;
    here.put("large", "256", "\"1\"", 4 * mebibyte);
    for (int i = 0; i != 2; ++i) CHECK(here.cpu_of("large") == "256");
    CHECK(here.s3.had == std::vector<std::string>{"", ""});

    here.s3.had.clear();
    for (char const* const name : {"a", "b", "c"}) {
        here.put(name, "256", "\"1\"", mebibyte * 3 / 2);
        CHECK(here.cpu_of(name) == "256");
    }
    for (char const* const name : {"c", "b", "a"}) CHECK(here.cpu_of(name) == "256");
    CHECK(here.s3.had == std::vector<std::string>{"", "", "", "\"1\"", "\"1\"", ""});
}
