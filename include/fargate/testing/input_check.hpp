#ifndef FARGATE_TESTING_INPUT_CHECK_HPP
#define FARGATE_TESTING_INPUT_CHECK_HPP

#include <fargate/core/error.hpp>
#include <fargate/json/json.hpp>
#include <fargate/testing/ecs_shapes.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// An error as AWS JSON services answer it.
[[nodiscard]] inline error refusal(int status, std::string code, std::string message) {
    error made = fail(errc::service_error, std::move(message));
    made.http_status = status;
    made.service_code = std::move(code);
    return made;
}

[[nodiscard]] inline error client_error(std::string message) {
    return refusal(400, "ClientException", std::move(message));
}

[[nodiscard]] inline error invalid_parameter(std::string message) {
    return refusal(400, "InvalidParameterException", std::move(message));
}

/// Checks a request body against the model as the service's front door does: wrong JSON types are a
/// `SerializationException`; missing required members and words outside an enumeration are named with their path. Null is
/// absence. Members that the model does not know are passed over, and collected for whoever wants to know.
class input_check {
public:
    /// Nothing when `body` fits. `unknown` receives `operation.path.member` for every member the model lacks.
    [[nodiscard]] static std::optional<error> inspect(json::value const& body, std::string_view operation,
                                                      std::vector<std::string>& unknown) {
        input_check check{unknown, operation};
        return check.structure(body, std::string{operation} + "Request", "");
    }

private:
    input_check(std::vector<std::string>& unknown, std::string_view operation) :
        unknown_{unknown}, operation_{operation} {}

    template <class Row, std::size_t Count>
    static Row const* find(Row const (&table)[Count], std::string_view name) {
        for (auto const& each : table)
            if (each.name == name) return &each;
        return nullptr;
    }

    static error unreadable(std::string message) { return refusal(400, "SerializationException", std::move(message)); }

    static std::string_view token_name(json::value const& given) {
        if (given.is_string()) return "STRING_VALUE";
        if (given.is_boolean()) return *given.get_ptr<json::value::boolean_t const*>() ? "TRUE_VALUE" : "FALSE_VALUE";
        if (given.is_number_float()) return "DECIMAL_VALUE";
        return "NUMBER_VALUE";
    }

    static error not_scalar(json::value const& given, std::string_view wanted) {
        if (given.is_array()) return unreadable("Start of list found where not expected");
        if (given.is_object()) return unreadable("Start of structure or map found where not expected.");
        return unreadable(std::string{token_name(given)} + " can not be converted to " + std::string{wanted});
    }

    /// Calls `visit(word)` for each word until it returns false.
    template <class Visit>
    static void each_word(std::string_view words, Visit&& visit) {
        while (!words.empty()) {
            std::size_t const end = std::min(words.find(' '), words.size());
            if (!visit(words.substr(0, end))) return;
            words.remove_prefix(std::min(end + 1, words.size()));
        }
    }

    std::optional<error> structure(json::value const& given, std::string_view name, std::string const& path) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr)
            return given.is_array() ? unreadable("Start of list found where not expected")
                                    : unreadable("Expected a structure, found " + std::string{token_name(given)});
        shape const* const model = find(ecs_shapes, name);
        if (model == nullptr) return refusal(500, "ServerException", "the fake has no shape " + std::string{name});
        std::optional<error> wrong;
        std::vector<std::string_view> known;
        each_word(model->members, [&](std::string_view word) {
            std::size_t const colon = word.find(':');
            std::string_view member = word.substr(0, colon);
            std::string_view const type = word.substr(colon + 1);
            bool const required = member.back() == '!';
            if (required) member.remove_suffix(1);
            known.push_back(member);
            std::string const here = path.empty() ? std::string{member} : path + "." + std::string{member};
            if (json::value const* const found = json::member(given, member)) {
                wrong = any(*found, type, here);
            } else if (required && !path.empty()) {
                wrong = invalid_parameter("1 validation error detected: Value null at '" + here +
                                          "' failed to satisfy constraint: Member must not be null");
            }
            return !wrong;
        });
        if (wrong) return wrong;
        for (auto const& each : *members)
            if (std::find(known.begin(), known.end(), each.first) == known.end())
                unknown_.push_back(std::string{operation_} + "." + (path.empty() ? "" : path + ".") + each.first);
        return std::nullopt;
    }

    std::optional<error> any(json::value const& given, std::string_view type, std::string const& path) {
        if (given.is_null()) return std::nullopt;
        if (type == "text") return given.is_string() ? std::nullopt : std::optional{not_scalar(given, "a String")};
        if (type == "flag") return given.is_boolean() ? std::nullopt : std::optional{not_scalar(given, "a Boolean")};
        if (type == "int")
            return given.is_number_integer() ? std::nullopt : std::optional{not_scalar(given, "an Integer")};
        if (type.front() == '=') return word(given, type.substr(1), path);
        if (type.front() == '[') {
            auto const* const items = given.get_ptr<json::value::array_t const*>();
            if (items == nullptr) return unreadable("Expected list or null");
            std::size_t number = 0;
            for (auto const& each : *items)
                if (auto wrong =
                        any(each, type.substr(1, type.size() - 2), path + "." + std::to_string(++number) + ".member"))
                    return wrong;
            return std::nullopt;
        }
        if (type.front() == '{') {
            auto const* const members = given.get_ptr<json::value::object_t const*>();
            if (members == nullptr) return unreadable("Expected map or null");
            for (auto const& each : *members)
                if (auto wrong = any(each.second, type.substr(1, type.size() - 2), path + "." + each.first + ".member"))
                    return wrong;
            return std::nullopt;
        }
        return structure(given, type, path);
    }

    static std::optional<error> word(json::value const& given, std::string_view name, std::string const& path) {
        auto const text = json::as_text(given);
        if (!text) return not_scalar(given, "a String");
        choice const* const model = find(ecs_choices, name);
        bool known = false;
        std::string all;
        if (model != nullptr)
            each_word(model->words, [&](std::string_view each) {
                known = known || each == *text;
                all += (all.empty() ? "" : ", ") + std::string{each};
                return true;
            });
        if (known) return std::nullopt;
        return invalid_parameter("1 validation error detected: Value '" + std::string{text->substr(0, 128)} + "' at '" +
                                 path + "' failed to satisfy constraint: Member must satisfy enum value set: [" + all +
                                 "]");
    }

    std::vector<std::string>& unknown_;
    std::string_view operation_;
};

/// Checks a `tags` list: at most 50, keys of 1 to 128 characters that do not start with `aws:`, values of at most 256, only
/// the characters that AWS takes, no key twice.
[[nodiscard]] inline std::optional<error> check_tags(json::value const* tags) {
    if (tags == nullptr) return std::nullopt;
    auto const* const items = tags->get_ptr<json::value::array_t const*>();
    if (items == nullptr) return std::nullopt;
    if (items->empty()) return client_error("Tags can not be empty.");
    if (items->size() > 50) return invalid_parameter("The maximum number of tags per resource is 50.");
    auto const is_fine = [](std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](char c) {
            return text::is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
                   std::string_view{" _./=+-:@"}.find(c) != std::string_view::npos;
        });
    };
    auto const characters = [](std::string_view text) {
        return static_cast<std::size_t>(std::count_if(
            text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    std::vector<std::string_view> seen;
    for (auto const& each : *items) {
        auto const key = json::text_of(each, "key").value_or("");
        auto const value = json::text_of(each, "value").value_or("");
        if (key.empty()) return invalid_parameter("Tag key can not be blank.");
        if (characters(key) > 128) return invalid_parameter("Tag key length must be at most 128 characters.");
        if (characters(value) > 256) return invalid_parameter("Tag value length must be at most 256 characters.");
        if (text::lower(key.substr(0, 4)) == "aws:")
            return invalid_parameter("Tag keys that start with 'aws:' are reserved for AWS use.");
        if (!is_fine(key) || !is_fine(value))
            return invalid_parameter("Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, "
                                     "numbers and _ . / = + - : @.");
        if (std::find(seen.begin(), seen.end(), key) != seen.end())
            return invalid_parameter("Duplicate tag keys found.");
        seen.push_back(key);
    }
    return std::nullopt;
}

} // namespace fargate::inline v0::testing

#endif
