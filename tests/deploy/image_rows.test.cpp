#include <fargate/deploy/image.hpp>

#include "support/catch.hpp"

#include <string>

namespace json = fargate::json;
using fargate::deploy::command_for;
using fargate::deploy::image_of;
using fargate::prefect::flow_run;

// The rules and the rows on images and commands, each under its own name.

namespace {

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

std::string image(std::string const& storage, std::string const& environment, std::string const& run_config,
                  std::string const& core_version = "0.13.19") {
    flow_run run;
    run.id = "FR";
    run.flow.storage = document(storage);
    run.flow.environment = document(environment);
    run.flow.run_config = document(run_config);
    run.flow.core_version = core_version;
    auto const made = image_of(run);
    return made ? *made : "error: " + made.error().message;
}

std::string typed(std::string const& type, std::string const& members = "") {
    return R"({"type": ")" + type + "\"" + members + "}";
}

std::string const docker = typed("Docker", R"(, "registry_url": "reg.io", "image_name": "flow", "image_tag": "v1")");
std::string const s3 = typed("S3", R"(, "bucket": "b")");
std::string const own = typed("LocalEnvironment", R"(, "metadata": {"image": "env/img:1"})");
std::string const bare = typed("LocalEnvironment", R"(, "metadata": {})");
std::string const universal = typed("UniversalRun");
std::string const ecs = typed("ECSRun", R"(, "image": "run/img:1")");
std::string const no_image =
    "error: Storage for flow run FR is not of type Docker and environment has no `image` attribute in the metadata "
    "field.";

} // namespace

TEST_CASE("§5.2 rule A.1: with a run_config, or without an environment, Docker storage's image", "[deploy][image]") {
    CHECK(image(docker, "null", ecs) == "reg.io/flow:v1");
    CHECK(image(docker, own, ecs) == "reg.io/flow:v1");
    CHECK(image(docker, "null", "null") == "reg.io/flow:v1");
}

TEST_CASE("§5.2 rule A.2: else the run_config's image", "[deploy][image]") {
    CHECK(image(s3, "null", ecs) == "run/img:1");
    CHECK(image(s3, own, ecs) == "run/img:1");
}

TEST_CASE("§5.2 rule A.3: else Prefect's image of the flow's version", "[deploy][image]") {
    CHECK(image(s3, "null", universal) == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(image(s3, "null", "null") == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(image(s3, "null", typed("ECSRun", R"(, "image": null)")) == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(image(s3, "null", "null", "") == "prefecthq/prefect:all_extras-latest");
}

TEST_CASE("§5.2 rule B.1: with an environment alone its metadata's image, before Docker storage", "[deploy][image]") {
    CHECK(image(s3, own, "null") == "env/img:1");
    CHECK(image(docker, own, "null") == "env/img:1");
}

TEST_CASE("§5.2 rule B.2: else Docker storage's image", "[deploy][image]") {
    CHECK(image(docker, bare, "null") == "reg.io/flow:v1");
    CHECK(image(docker, typed("LocalEnvironment"), "null") == "reg.io/flow:v1");
}

TEST_CASE("§5.2 rule B.3: else the run fails with the original's words", "[deploy][image]") {
    CHECK(image(s3, bare, "null") == no_image);
}

TEST_CASE("§5.2 storage types: Docker names the image, every other takes what else names it", "[deploy][image]") {
    for (auto const* const type :
         {"Azure", "GCS", "Local", "S3", "GitHub", "GitLab", "Bitbucket", "CodeCommit", "Webhook", "Unheard"}) {
        INFO(type);
        CHECK(image(typed(type), "null", "null") == "prefecthq/prefect:all_extras-0.13.19");
        CHECK(image(typed(type), "null", universal) == "prefecthq/prefect:all_extras-0.13.19");
        CHECK(image(typed(type), "null", ecs) == "run/img:1");
        CHECK(image(typed(type), own, "null") == "env/img:1");
        CHECK(image(typed(type), bare, "null") == no_image);
    }
    CHECK(image("null", own, ecs) == "error: Flow of flow run FR has no storage.");
}

TEST_CASE("§5.2 environment types: all are looked at for metadata.image alone", "[deploy][image]") {
    for (auto const* const type :
         {"LocalEnvironment", "Environment", "FargateTaskEnvironment", "KubernetesJobEnvironment",
          "DaskKubernetesEnvironment", "RemoteEnvironment", "RemoteDaskEnvironment", "CustomEnvironment"}) {
        INFO(type);
        CHECK(image(s3, typed(type, R"(, "metadata": {"image": "env/img:1"})"), "null") == "env/img:1");
        CHECK(image(docker, typed(type, R"(, "metadata": {})"), "null") == "reg.io/flow:v1");
        CHECK(image(s3, typed(type, R"(, "metadata": null)"), "null") == no_image);
    }
}

TEST_CASE("§5.2 run_config types: all are looked at for image alone", "[deploy][image]") {
    for (auto const* const type : {"UniversalRun", "LocalRun", "DockerRun", "KubernetesRun", "ECSRun"}) {
        INFO(type);
        CHECK(image(s3, "null", typed(type, R"(, "image": "run/img:1", "env": {"A": "B"}, "cpu": 5)")) == "run/img:1");
        CHECK(image(s3, "null", typed(type)) == "prefecthq/prefect:all_extras-0.13.19");
        CHECK(image(docker, "null", typed(type, R"(, "image": "run/img:1")")) == "reg.io/flow:v1");
    }
}

TEST_CASE("§5.2 quirk: unknown storage/run_config/environment types do not fail", "[deploy][image]") {
    CHECK(image(typed("Git"), "null", universal) == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(image(typed("Module"), "null", ecs) == "run/img:1");
    CHECK(image(s3, "null", typed("VertexRun", R"(, "image": "v/img:1")")) == "v/img:1");
    CHECK(image(s3, typed("Foo", R"(, "metadata": {"image": "f/img:1"})"), "null") == "f/img:1");
    CHECK(image("{}", "null", "{}") == "prefecthq/prefect:all_extras-0.13.19");
}

TEST_CASE("§5.2 quirk: metadata.image null/empty falls through to Docker storage, then to the error",
          "[deploy][image]") {
    for (auto const* const nothing : {"null", "\"\""}) {
        auto const environment = typed("LocalEnvironment", R"(, "metadata": {"image": )" + std::string{nothing} + "}");
        CHECK(image(docker, environment, "null") == "reg.io/flow:v1");
        CHECK(image(s3, environment, "null") == no_image);
    }
}

TEST_CASE("§5.2 quirk: 0.13.14-0.13.18 differences: neither environment nor run_config is no failure, and the tag has "
          "no suffix",
          "[deploy][image]") {
    CHECK(image(docker, "null", "null", "0.13.14") == "reg.io/flow:v1");
    CHECK(image(s3, "null", "null", "0.13.14+5.gabc.dirty") == "prefecthq/prefect:all_extras-0.13.14");
}

TEST_CASE("§5.3: cloud-flow before 0.13.0, flow-run from there on, and for what cannot be compared",
          "[deploy][image]") {
    for (auto const* const old : {"", "0.0.0", "0.10.0", "0.6.0+134", "0.12.6", "0.12.6+13.g123", "0.13"})
        CHECK(command_for(old) == "prefect execute cloud-flow");
    for (auto const* const since : {"0.13.0", "0.13.0rc1", "0.13.0.dev1", "0.13.0+0.g1", "0.13.1+134", "1.0.0"})
        CHECK(command_for(since) == "prefect execute flow-run");
    for (auto const* const unparsable : {"master", "latest", "v0.13.1", "0.13.x"})
        CHECK(command_for(unparsable) == "prefect execute flow-run");
}

TEST_CASE("§5.14 row: a flow must have Docker storage, or an image from elsewhere", "[deploy][image]") {
    CHECK(image(s3, own, "null") == "env/img:1");
    CHECK(image(s3, "null", ecs) == "run/img:1");
    CHECK(image(s3, "null", "null") == "prefecthq/prefect:all_extras-0.13.19");
}

TEST_CASE("§7 row 0.14.0: the default image is prefecthq/prefect:<v> from 0.14.0 on", "[deploy][image]") {
    CHECK(image(s3, "null", "null", "0.13.19") == "prefecthq/prefect:all_extras-0.13.19");
    CHECK(image(s3, "null", "null", "0.14.0") == "prefecthq/prefect:0.14.0");
    CHECK(image(s3, "null", "null", "1.4.1+2.gabc") == "prefecthq/prefect:1.4.1");
}
