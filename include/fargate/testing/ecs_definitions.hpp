#ifndef FARGATE_TESTING_ECS_DEFINITIONS_HPP
#define FARGATE_TESTING_ECS_DEFINITIONS_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/fargate_sizes.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/testing/time_source.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// One revision of a task definition as the fake ECS keeps it.
struct task_definition {
    std::string arn{};
    std::string family{};
    std::int64_t revision = 0;
    json::value body{}; ///< what was registered, without its tags
    json::value tags = json::value::array();
    bool active = true;
    time_point registered{};
    std::optional<time_point> deregistered{};

    [[nodiscard]] bool runs_on(std::string_view launch_type) const {
        auto const* const list = json::array_of(body, "requiresCompatibilities");
        if (list == nullptr) return launch_type != "FARGATE";
        for (auto const& each : *list)
            if (json::as_text(each) == launch_type) return true;
        return false;
    }

    /// The container definition of that name, or nullptr.
    [[nodiscard]] json::value const* container(std::string_view name) const {
        if (auto const* const list = json::array_of(body, "containerDefinitions"))
            for (auto const& each : *list)
                if (json::text_of(each, "name") == name) return &each;
        return nullptr;
    }
};

/// The task definitions of the fake ECS: families, their revisions, and the rules for a new one.
class definition_book {
public:
    definition_book(std::string region, std::string account) :
        prefix_{"arn:aws:ecs:" + std::move(region) + ":" + std::move(account) + ":task-definition/"} {}

    [[nodiscard]] result<json::value> enlist(json::value const& input, time_point now) {
        if (auto wrong = refuse(input)) return std::move(*wrong);
        task_definition made;
        made.family = json::text_of(input, "family").value_or("");
        auto& revisions = families_[made.family];
        made.revision = static_cast<std::int64_t>(revisions.size()) + 1;
        made.arn = prefix_ + made.family + ":" + std::to_string(made.revision);
        for (auto const& [name, each] : *input.get_ptr<json::value::object_t const*>())
            if (name != "tags" && !each.is_null()) json::set(made.body, name, each);
        if (auto const* const tags = json::array_of(input, "tags")) made.tags = *tags;
        made.registered = now;
        revisions.push_back(std::move(made));
        json::value answer;
        json::set(answer, "taskDefinition", described(revisions.back()));
        json::set(answer, "tags", revisions.back().tags);
        return answer;
    }

    [[nodiscard]] result<json::value> describe(json::value const& input) const {
        auto const* const found = find(json::text_of(input, "taskDefinition").value_or(""));
        if (found == nullptr) return client_error("Unable to describe task definition.");
        json::value answer;
        json::set(answer, "taskDefinition", described(*found));
        bool with_tags = false;
        if (auto const* const include = json::array_of(input, "include"))
            for (auto const& each : *include) with_tags = with_tags || json::as_text(each) == "TAGS";
        if (with_tags) json::set(answer, "tags", found->tags);
        return answer;
    }

    [[nodiscard]] result<json::value> retire(json::value const& input, time_point now) {
        auto const reference = json::text_of(input, "taskDefinition").value_or("");
        if (reference.empty()) return client_error("Task definition can not be blank.");
        if (!revision_of(reference))
            return invalid_parameter("Invalid revision number. Number: " + std::string{reference.substr(0, 255)});
        auto* const found = const_cast<task_definition*>(find(reference));
        if (found == nullptr) return client_error("The specified task definition does not exist.");
        if (found->active) found->deregistered = now;
        found->active = false;
        json::value answer;
        json::set(answer, "taskDefinition", described(*found));
        return answer;
    }

    [[nodiscard]] result<json::value> list(json::value const& input) const {
        auto const family = json::text_of(input, "familyPrefix");
        auto const status = json::text_of(input, "status").value_or("ACTIVE");
        auto const most = json::integer_of(input, "maxResults").value_or(100);
        if (most < 1 || most > 100) return invalid_parameter("MaxResults must be between 1 and 100.");
        std::vector<std::string> arns;
        for (auto const& [name, revisions] : families_) {
            if (family && name != *family) continue;
            for (auto const& each : revisions)
                if ((status == "ACTIVE" && each.active) || (status == "INACTIVE" && !each.active))
                    arns.push_back(each.arn);
        }
        if (json::text_of(input, "sort") == "DESC") std::reverse(arns.begin(), arns.end());
        return page(arns, input, static_cast<std::size_t>(most), "taskDefinitionArns");
    }

    /// The definition that `family`, `family:revision` or an ARN names; a family alone names its latest ACTIVE revision.
    [[nodiscard]] task_definition const* find(std::string_view reference) const {
        if (reference.starts_with("arn:")) {
            if (!reference.starts_with(prefix_)) return nullptr;
            reference.remove_prefix(prefix_.size());
        }
        auto const revision = revision_of(reference);
        if (revision) reference = reference.substr(0, reference.rfind(':'));
        auto const found = families_.find(reference);
        if (found == families_.end()) return nullptr;
        if (revision) {
            if (*revision < 1 || *revision > static_cast<std::int64_t>(found->second.size())) return nullptr;
            return &found->second[static_cast<std::size_t>(*revision - 1)];
        }
        auto const latest = std::find_if(found->second.rbegin(), found->second.rend(),
                                         [](task_definition const& each) { return each.active; });
        return latest == found->second.rend() ? nullptr : &*latest;
    }

    /// Every revision there is, by family and number.
    [[nodiscard]] std::vector<task_definition> all() const {
        std::vector<task_definition> made;
        for (auto const& family : families_) made.insert(made.end(), family.second.begin(), family.second.end());
        return made;
    }

    /// One page of a list answer. Tokens are this fake's own and mean nothing elsewhere.
    [[nodiscard]] static result<json::value> page(std::vector<std::string> const& arns, json::value const& input,
                                                  std::size_t most, std::string_view member) {
        std::size_t first = 0;
        if (auto const token = json::text_of(input, "nextToken")) {
            constexpr std::string_view mark = "fake-page-";
            std::string_view digits = token->substr(std::min(mark.size(), token->size()));
            auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), first);
            if (!token->starts_with(mark) || failure != std::errc{} || end != digits.data() + digits.size())
                return invalid_parameter("Invalid token.");
        }
        json::value list = json::value::array();
        for (std::size_t at = first; at < arns.size() && at - first < most; ++at) list.push_back(arns[at]);
        json::value answer;
        json::set(answer, member, std::move(list));
        if (first + most < arns.size()) json::set(answer, "nextToken", "fake-page-" + std::to_string(first + most));
        return answer;
    }

private:
    [[nodiscard]] static std::optional<std::int64_t> revision_of(std::string_view reference) {
        std::size_t const colon = reference.rfind(':');
        if (colon == std::string_view::npos) return std::nullopt;
        std::string_view const digits = reference.substr(colon + 1);
        std::int64_t number = 0;
        auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        return number;
    }

    /// The definition as the service shows it: its own members beside the registered ones, defaults filled in.
    [[nodiscard]] static json::value described(task_definition const& known) {
        json::value shown = known.body;
        json::set(shown, "taskDefinitionArn", known.arn);
        json::set(shown, "revision", known.revision);
        json::set(shown, "status", known.active ? "ACTIVE" : "INACTIVE");
        json::set(shown, "registeredAt", epoch_seconds(known.registered));
        if (known.deregistered) json::set(shown, "deregisteredAt", epoch_seconds(*known.deregistered));
        json::set(shown, "registeredBy", "arn:aws:iam::123456789012:user/fake");
        json::value compatibilities = json::value::array({"EC2"});
        if (known.runs_on("FARGATE")) compatibilities.push_back("FARGATE");
        json::set(shown, "compatibilities", std::move(compatibilities));
        for (auto const* name : {"volumes", "placementConstraints", "requiresAttributes"})
            if (json::array_of(shown, name) == nullptr) json::set(shown, name, json::value::array());
        json::value containers = json::value::array();
        if (auto const* const given = json::array_of(known.body, "containerDefinitions"))
            for (auto each : *given) {
                if (!json::integer_of(each, "cpu")) json::set(each, "cpu", 0);
                if (!json::flag_of(each, "essential")) json::set(each, "essential", true);
                for (auto const* name : {"environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"})
                    if (json::array_of(each, name) == nullptr) json::set(each, name, json::value::array());
                containers.push_back(std::move(each));
            }
        json::set(shown, "containerDefinitions", std::move(containers));
        return shown;
    }

    static std::optional<error> refuse(json::value const& input);
    static std::optional<error> refuse_container(json::value const& container, json::value const& input, bool fargate);
    static std::optional<error> refuse_size(json::value const& input, bool fargate);

    std::string prefix_;
    std::map<std::string, std::vector<task_definition>, std::less<>> families_;
};

inline std::optional<error> definition_book::refuse(json::value const& input) {
    auto const family = json::text_of(input, "family").value_or("");
    if (family.empty()) return client_error("Family can not be blank.");
    auto const is_name = [](std::string_view text) {
        return text.size() <= 255 &&
               std::all_of(text.begin(), text.end(), [](char c) { return text::is_alnum(c) || c == '-' || c == '_'; });
    };
    if (!is_name(family)) return client_error("Family contains invalid characters or is longer than 255.");
    std::size_t const length = json::write(input).size();
    if (length > 65536)
        return client_error("Actual length: '" + std::to_string(length) + "'. Max allowed length is '65536' bytes.");

    bool fargate = false;
    if (auto const* const list = json::array_of(input, "requiresCompatibilities"))
        for (auto const& each : *list) fargate = fargate || json::as_text(each) == "FARGATE";
    auto const* const containers = json::array_of(input, "containerDefinitions");
    if (containers == nullptr || containers->empty()) return client_error("Container list cannot be empty.");
    if (containers->size() > 10) return client_error("A task definition can have at most 10 containers.");

    std::vector<std::string_view> names;
    bool essential = false;
    for (auto const& each : *containers) {
        auto const name = json::text_of(each, "name").value_or("");
        if (name.empty()) return client_error("Container.name should not be null or empty.");
        if (!is_name(name)) return client_error("Container.name contains invalid characters.");
        if (std::find(names.begin(), names.end(), name) != names.end())
            return client_error("Container.name must be unique within a task definition: " + std::string{name});
        names.push_back(name);
        essential = essential || json::flag_of(each, "essential").value_or(true);
        if (auto wrong = refuse_container(each, input, fargate)) return wrong;
    }
    if (!essential) return client_error("A TaskDefinition must have at least one essential container.");
    if (fargate && json::text_of(input, "networkMode") != "awsvpc")
        return client_error("Fargate only supports network mode \xE2\x80\x98"
                            "awsvpc\xE2\x80\x99.");
    if (auto wrong = refuse_size(input, fargate)) return wrong;
    return check_tags(json::array_of(input, "tags"));
}

inline std::optional<error> definition_book::refuse_container(json::value const& container, json::value const& input,
                                                              bool fargate) {
    auto const name = std::string{json::text_of(container, "name").value_or("")};
    auto const image = json::text_of(container, "image").value_or("");
    if (image.empty()) return client_error("Container.image should not be null or empty.");
    auto const task_memory = json::text_of(input, "memory").value_or("");
    if (task_memory.empty() && !fargate && !json::integer_of(container, "memory") &&
        !json::integer_of(container, "memoryReservation"))
        return client_error("Invalid setting for container '" + name +
                            "'. At least one of 'memory' or 'memoryReservation' must be specified.");
    bool const has_role = !json::text_of(input, "executionRoleArn").value_or("").empty();
    auto const* const secrets = json::array_of(container, "secrets");
    if (secrets != nullptr && !secrets->empty() && !has_role)
        return client_error("When you are specifying container secrets, you must also specify a value for "
                            "'executionRoleArn'.");
    if (fargate && !has_role && text::contains(image, ".dkr.ecr."))
        return client_error("Fargate requires task definition to have execution role ARN to support ECR images.");
    if (auto const* const log = json::object_of(container, "logConfiguration");
        log != nullptr && json::text_of(*log, "logDriver") == "awslogs") {
        if (fargate && !has_role)
            return client_error("Fargate requires task definition to have execution role ARN to support log driver "
                                "awslogs.");
        auto const* const options = json::object_of(*log, "options");
        if (options == nullptr || json::member(*options, "awslogs-region") == nullptr ||
            json::member(*options, "awslogs-group") == nullptr)
            return client_error("Log driver awslogs requires options: awslogs-region, awslogs-group");
    }
    if (auto const* const ports = json::array_of(container, "portMappings");
        ports != nullptr && json::text_of(input, "networkMode") == "awsvpc")
        for (auto const& each : *ports) {
            auto const host = json::integer_of(each, "hostPort");
            if (host && *host != 0 && host != json::integer_of(each, "containerPort"))
                return client_error("When networkMode=awsvpc, the host ports and container ports in port mappings must "
                                    "match.");
        }
    return std::nullopt;
}

inline std::optional<error> definition_book::refuse_size(json::value const& input, bool fargate) {
    auto const cpu = json::text_of(input, "cpu");
    auto const memory = json::text_of(input, "memory");
    auto const units = cpu ? cpu_units(*cpu) : std::nullopt;
    auto const mib = memory ? memory_mib(*memory) : std::nullopt;
    if (fargate && !cpu) return client_error("Fargate requires that 'cpu' be defined at the task level.");
    if (fargate && !memory) return client_error("Fargate requires that 'memory' be defined at the task level.");
    if (cpu && !units) return client_error("Invalid 'cpu' setting for task.");
    if (memory && !mib) return client_error("Invalid 'memory' setting for task.");
    if (fargate && !fargate_offers(*units, *mib))
        return client_error("No Fargate configuration exists for given values: " + std::to_string(*units) + " CPU, " +
                            std::to_string(*mib) + " memory. See the Amazon ECS documentation for the valid values.");
    std::int64_t total = 0;
    for (auto const& each : *json::array_of(input, "containerDefinitions"))
        total += std::clamp<std::int64_t>(json::integer_of(each, "cpu").value_or(0), 0, 1 << 20);
    if (units && total > *units)
        return client_error(
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.");
    return std::nullopt;
}

} // namespace fargate::inline v0::testing

#endif
