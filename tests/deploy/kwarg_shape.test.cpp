#include <fargate/deploy/kwarg_shape.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::deploy::check_shape;
using fargate::deploy::kwarg_shapes;
using fargate::deploy::unknown_kwarg;

namespace {

/// The message, or what is unknown, or nothing.
std::string checked(std::string const& name, std::string const& text) {
    auto const given = json::parse(text);
    if (!given) FAIL(given.error().message << ": " << text);
    std::vector<unknown_kwarg> unknown;
    auto const fits = check_shape(name, name, *given, unknown);
    if (!fits) return fits.error().message;
    std::string all;
    for (auto const& each : unknown) all += each.warning() + "\n";
    return all;
}

/// A shape of AWS's published model in our spelling, with its members in the model's order.
std::string model_shape(json::value const& shapes, std::string const& name) {
    auto const& shape = shapes[name];
    auto const type = testing_support::text(shape, "type");
    auto const inner = [&](json::value const& member) {
        auto const text = json::as_text(member);
        return model_shape(shapes, text ? std::string{*text} : testing_support::text(member, "shape"));
    };
    if (type == "string") return "t";
    if (type == "boolean") return "b";
    if (type == "integer" || type == "long") return "i";
    if (type == "list") return "[" + inner(shape["member"]) + "]";
    if (type == "map") return "<" + inner(shape["value"]) + ">";
    std::vector<std::string> members;
    for (auto const& [member, value] : *shape["members"].get_ptr<json::value::object_t const*>()) {
        bool required = false;
        if (auto const* const all = json::array_of(shape, "required"))
            required = std::find(all->begin(), all->end(), json::value(member)) != all->end();
        members.push_back(member + (required ? "!:" : ":") + inner(value));
    }
    std::sort(members.begin(), members.end());
    std::string all;
    for (auto const& each : members) all += (all.empty() ? "" : " ") + each;
    return "{" + all + "}";
}

/// The same of ours: members sorted.
std::string sorted_shape(std::string_view shape) {
    std::string_view const kinds = "[<{";
    if (kinds.find(shape.front()) == std::string_view::npos) return std::string{shape};
    std::string_view const inner = shape.substr(1, shape.size() - 2);
    if (shape.front() != '{') return shape.front() + sorted_shape(inner) + shape.back();
    std::vector<std::string> members;
    int depth = 0;
    std::size_t start = 0;
    for (std::size_t at = 0; at <= inner.size(); ++at) {
        char const c = at == inner.size() ? ' ' : inner[at];
        if (kinds.find(c) != std::string_view::npos) ++depth;
        if (std::string_view{"]>}"}.find(c) != std::string_view::npos) --depth;
        if (depth != 0 || c != ' ') continue;
        auto const member = inner.substr(start, at - start);
        auto const colon = member.find(':');
        members.push_back(std::string{member.substr(0, colon + 1)} + sorted_shape(member.substr(colon + 1)));
        start = at + 1;
    }
    std::sort(members.begin(), members.end());
    std::string all;
    for (auto const& each : members) all += (all.empty() ? "" : " ") + each;
    return "{" + all + "}";
}

} // namespace

TEST_CASE("§5.6: the shapes are those of AWS's published model", "[deploy][kwarg_shape]") {
    auto const document = testing_support::load("ecs-model.json");
    auto const& shapes = document["ecs"]["shapes"];
    std::size_t found = 0;
    for (auto const& each : kwarg_shapes) {
        for (auto const* const owner : {"RegisterTaskDefinitionRequest", "ContainerDefinition", "RunTaskRequest"}) {
            auto const& members = shapes[owner]["members"];
            auto const member = members.find(std::string{each.name});
            if (member == members.end()) continue;
            INFO(owner << "." << each.name);
            auto const text = json::as_text(*member);
            CHECK(sorted_shape(each.shape) ==
                  model_shape(shapes, text ? std::string{*text} : testing_support::text(*member, "shape")));
            ++found;
        }
    }
    CHECK(found == std::size(kwarg_shapes) + 2); // tags and placementConstraints are of both calls
}

TEST_CASE("§5.6: what lies inside an argument is checked, with its path", "[deploy][kwarg_shape]") {
    CHECK(checked("tags", R"([{"key": "a", "value": "b"}, {"key": "c"}])") == "");
    CHECK(checked("tags", R"([{"key": "a", "value": "b"}, {"key": "c", "value": 1}])") ==
          "tags[1].value must be text, not a whole number");
    CHECK(checked("tags", R"(["a"])") == "tags[0] must be an object, not text");
    CHECK(checked("secrets", R"([{"name": "S", "valueFrom": null}])") == "secrets[0].valueFrom must be text, not null");
    CHECK(checked("secrets", R"([{"name": "S"}])") == "secrets[0] has no valueFrom");
    CHECK(checked("mountPoints", R"([{"readOnly": "false"}])") ==
          "mountPoints[0].readOnly must be true or false, not text");
    CHECK(checked("networkConfiguration", R"({"awsvpcConfiguration": {"subnets": ["a", 5]}})") ==
          "networkConfiguration.awsvpcConfiguration.subnets[1] must be text, not a whole number");
    CHECK(checked("networkConfiguration", R"({"awsvpcConfiguration": {"subnets": "a"}})") ==
          "networkConfiguration.awsvpcConfiguration.subnets must be a list, not text");
    CHECK(checked("networkConfiguration", R"({"awsvpcConfiguration": {"securityGroups": []}})") ==
          "networkConfiguration.awsvpcConfiguration has no subnets");
    CHECK(checked("placementConstraints", R"([{"type": "memberOf", "expression": true}])") ==
          "placementConstraints[0].expression must be text, not true or false");
    CHECK(checked("volumes", R"([{"name": ["v"]}])") == "volumes[0].name must be text, not a list");
    CHECK(checked("volumes", R"([{"efsVolumeConfiguration": {"fileSystemId": "f", "transitEncryptionPort": 2.5}}])") ==
          "volumes[0].efsVolumeConfiguration.transitEncryptionPort must be a whole number, not a number with a "
          "fraction");
    CHECK(checked("logConfiguration", R"({"logDriver": "awslogs", "options": {"max-size": 10}})") ==
          "logConfiguration.options.max-size must be text, not a whole number");
    CHECK(checked("logConfiguration", R"({"logDriver": "awslogs", "options": []})") ==
          "logConfiguration.options must be an object, not a list");
    CHECK(checked("repositoryCredentials", "{}") == "repositoryCredentials has no credentialsParameter");
    CHECK(checked("cluster", "{}") == "");
}

TEST_CASE("members that the model does not have are told and kept", "[deploy][kwarg_shape]") {
    CHECK(checked("networkConfiguration", R"({"awsVpcConfiguration": {"subnets": 5}})") ==
          "unknown keyword argument networkConfiguration.awsVpcConfiguration is sent as it is: did you mean "
          "networkConfiguration.awsvpcConfiguration?\n");
    CHECK(checked("volumes", R"([{"name": "v", "futureConfiguration": {}}])") ==
          "unknown keyword argument volumes[0].futureConfiguration is sent as it is\n");
}
