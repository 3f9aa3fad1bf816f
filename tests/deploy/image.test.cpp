#include <fargate/deploy/image.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <map>
#include <string>

namespace json = fargate::json;
using fargate::deploy::command_for;
using fargate::deploy::image_of;
using fargate::prefect::flow_run;

namespace {

flow_run run_of(json::value const& flow) {
    flow_run run;
    run.id = "FR";
    run.flow.core_version = testing_support::text(flow, "core_version");
    for (auto const& [name, value] : *flow.get_ptr<json::value::object_t const*>()) {
        if (name == "storage") run.flow.storage = value;
        if (name == "environment") run.flow.environment = value;
        if (name == "run_config") run.flow.run_config = value;
    }
    return run;
}

std::string image(flow_run const& run) {
    auto const made = image_of(run);
    return made ? *made : "error: " + made.error().message;
}

flow_run parsed(std::string const& flow) {
    auto const read = json::parse(flow);
    if (!read) FAIL(read.error().message);
    return run_of(*read);
}

std::string docker(std::string const& members) {
    return image(parsed(R"({"storage": {"type": "Docker")" + members + "}}"));
}

} // namespace

TEST_CASE("all recorded flows get the recorded image and command, or what their verdicts say", "[deploy][image]") {
    std::string const no_image = "error: Storage for flow run FR is not of type Docker and environment has no `image` "
                                 "attribute in the metadata field.";
    // the verdicts: metadata.image null or empty falls through; unknown types do not fail; null storage says so
    std::map<std::string, std::string> const image_verdicts = {
        {"docker+LE meta img None", "docker.io/acme/flow:v1"},
        {"docker+LE meta img \"\"", "docker.io/acme/flow:v1"},
        {"unknown storage", "prefecthq/prefect:all_extras-0.13.19"},
        {"unknown runconfig", "prefecthq/prefect:all_extras-0.13.19"},
        {"unknown env type", "docker.io/acme/flow:v1"},
        {"base Storage", no_image},
        {"storage null", "error: Flow of flow run FR has no storage."},
    };
    auto const document = testing_support::load("prefect1/cases_image_command.json");
    auto const* const cases = json::array_of(document, "cases");
    REQUIRE(cases != nullptr);
    int equal_images = 0;
    int equal_commands = 0;
    int unparsable_versions = 0;
    for (auto const& each : *cases) {
        auto const name = testing_support::text(each, "case");
        auto const run = run_of(*json::object_of(each, "flow"));
        INFO(name);
        if (auto const verdict = image_verdicts.find(name); verdict != image_verdicts.end()) {
            CHECK(image(run) == verdict->second);
        } else {
            auto const wrong = json::text_of(each, "image_error");
            auto const wanted = wrong ? "error: " + std::string{wrong->substr(wrong->find(' ') + 1)}
                                      : testing_support::text(each, "image");
            CHECK(image(run) == wanted);
            ++equal_images;
        }
        if (json::text_of(each, "command_error")) { // unparsable means flow-run
            CHECK(command_for(run.flow.core_version) == "prefect execute flow-run");
            ++unparsable_versions;
        } else {
            CHECK(command_for(run.flow.core_version) == testing_support::text(each, "command"));
            ++equal_commands;
        }
    }
    CHECK(cases->size() == 52);
    CHECK(equal_images == 45);
    CHECK(equal_commands == 47);
    CHECK(unparsable_versions == 5);
}

TEST_CASE("the run's own run_config stands before the flow's", "[deploy][image]") {
    auto run = parsed(R"({"storage": {"type": "S3"}, "run_config": {"type": "ECSRun", "image": "flow/image:1"}})");
    CHECK(image(run) == "flow/image:1");
    run.run_config = json::value::object();
    json::set(run.run_config, "image", "run/image:2");
    CHECK(image(run) == "run/image:2");
    json::set(run.run_config, "image", "");
    CHECK(image(run) == "prefecthq/prefect:all_extras-latest");
    json::set(run.run_config, "image", 5);
    CHECK(image(run) == "error: the image of the flow's run_config is not text");
}

TEST_CASE("an environment's image must be text", "[deploy][image]") {
    CHECK(image(parsed(R"({"storage": {"type": "S3"}, "environment": {"metadata": {"image": ["x"]}}})")) ==
          "error: the image of the flow's environment metadata is not text");
    CHECK(image(parsed(
              R"({"storage": {"type": "Docker", "image_name": "i", "image_tag": "t"}, "environment": "odd"})")) ==
          "i:t");
}

TEST_CASE("the default image follows the flow's own version", "[deploy][image]") {
    auto const of = [](std::string const& version) {
        return image(parsed(R"({"storage": {"type": "GCS"}, "core_version": ")" + version + "\"}"));
    };
    CHECK(of("0.13.19") == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(of("0.14.0") == "prefecthq/prefect:0.14.0");
    CHECK(of("0.14.0rc1+3.gabc") == "prefecthq/prefect:0.14.0rc1");
    CHECK(of("1.2.4") == "prefecthq/prefect:1.2.4");
    CHECK(of("0.14") == "prefecthq/prefect:all_extras-0.14");
    CHECK(of("master") == "prefecthq/prefect:all_extras-master");
    CHECK(of("+dirty") == "prefecthq/prefect:all_extras-latest");
}

TEST_CASE("Docker image names are joined as paths", "[deploy][image]") {
    auto const joined = [](std::string const& registry, std::string const& name) {
        return docker(R"(, "registry_url": ")" + registry + R"(", "image_name": ")" + name + R"(", "image_tag": "t")");
    };
    CHECK(joined("a/", "/b") == "/b:t");
    CHECK(joined("a", "//b") == "//b:t");
    CHECK(joined("a", "///b") == "/b:t");
    CHECK(joined("//a//", "b//c/") == "//a/b/c:t");
    CHECK(joined("./a/.", ".") == "a:t");
    CHECK(joined("a", "../b") == "a/../b:t");
    CHECK(joined("", "") == "error: Docker storage has an empty image_name or image_tag");
    CHECK(joined("reg", "") == "reg:t");
    CHECK(docker(R"(, "image_name": "n", "image_tag": "")") ==
          "error: Docker storage has an empty image_name or image_tag");
    CHECK(docker(R"(, "image_name": 1, "image_tag": 2)") ==
          "error: Docker storage is missing required fields image_name and image_tag");
}

TEST_CASE("versions are compared piece by piece", "[deploy][image]") {
    CHECK(command_for("0.12") == "prefect execute cloud-flow");
    CHECK(command_for("0") == "prefect execute cloud-flow");
    CHECK(command_for("0.12.x") == "prefect execute cloud-flow");
    CHECK(command_for("1.x") == "prefect execute flow-run");
    CHECK(command_for("0..13.0") == "prefect execute flow-run");
    CHECK(command_for("0.99999999999999999999999.1") == "prefect execute flow-run");
    CHECK(command_for("-1") == "prefect execute flow-run");
    CHECK(command_for("...") == "prefect execute cloud-flow");
}
