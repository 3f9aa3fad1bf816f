#ifndef FARGATE_TESTING_FAKE_TAGGING_HPP
#define FARGATE_TESTING_FAKE_TAGGING_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/aws_front.hpp>
#include <fargate/testing/fake_ecs.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/testing/time_source.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// The Resource Groups Tagging API in memory: an `http_policy` model that serves GetResources over the task definitions of
/// a `fake_ecs`, active and inactive ones, as the service does. Pages by `ResourcesPerPage`; a pagination token lives
/// fifteen minutes. Resources that never had a tag are not listed. The `fake_ecs` must outlive it.
class fake_tagging {
public:
    explicit fake_tagging(fake_ecs const& ecs, aws_account account = {}, time_source now = wall_time()) :
        ecs_{ecs}, front_{"ResourceGroupsTaggingAPI_20170126", "tagging", account, std::move(now), "Message"} {}
    fake_tagging(fake_tagging const&) = delete;
    fake_tagging& operator=(fake_tagging const&) = delete;

    [[nodiscard]] result<http::response> send(http::request const& request) {
        return front_.serve(request,
                            [this](std::string const& operation, json::value const& body, time_point now,
                                   std::optional<std::string> const&) -> result<json::value> {
                                if (operation != "GetResources") return refusal(400, "UnknownOperationException", "");
                                if (auto denied = front_.gate.refuse({"tag:GetResources"})) return std::move(*denied);
                                return get_resources(body, now);
                            });
    }

    [[nodiscard]] fault_plan& faults() noexcept { return front_.faults; }
    [[nodiscard]] signature_check& keys() noexcept { return front_.keys; }
    [[nodiscard]] iam_gate& gate() noexcept { return front_.gate; }
    [[nodiscard]] exchange_log const& log() const noexcept { return front_.log; }

    /// Answers the first page of every listing empty, with a token for the rest; the service is free to do so.
    void begin_with_empty_page(bool yes) {
        std::scoped_lock const lock{mutex_};
        empty_first_ = yes;
    }

private:
    static constexpr std::chrono::minutes token_life{15};

    static error invalid(std::string message) { return refusal(400, "InvalidParameterException", std::move(message)); }

    /// Members and types of GetResourcesInput (API Reference, version 2017-01-26).
    static std::optional<error> refuse(json::value const& body) {
        auto const bad = [](std::string_view name) {
            return refusal(400, "SerializationException", std::string{name} + " is not of the type it must have");
        };
        for (auto const* name : {"TagFilters", "ResourceTypeFilters", "ResourceARNList"})
            if (json::member(body, name) && !json::array_of(body, name)) return bad(name);
        for (auto const* name : {"ResourcesPerPage", "TagsPerPage"})
            if (json::member(body, name) && !json::integer_of(body, name)) return bad(name);
        for (auto const* name : {"IncludeComplianceDetails", "ExcludeCompliantResources"})
            if (json::member(body, name) && !json::flag_of(body, name)) return bad(name);
        if (json::member(body, "PaginationToken") && !json::text_of(body, "PaginationToken"))
            return bad("PaginationToken");

        if (auto const* const filters = json::array_of(body, "TagFilters")) {
            if (filters->size() > 50) return invalid("TagFilters can have at most 50 items.");
            for (auto const& each : *filters) {
                auto const key = json::text_of(each, "Key");
                if (!each.is_object() || !key) return bad("TagFilters.Key");
                if (key->empty() || key->size() > 128) return invalid("a tag key has 1 to 128 characters.");
                if (!json::member(each, "Values")) continue;
                auto const* const values = json::array_of(each, "Values");
                if (values == nullptr) return bad("TagFilters.Values");
                if (values->size() > 20) return invalid("TagFilters.Values can have at most 20 items.");
                for (auto const& value : *values)
                    if (!json::as_text(value)) return bad("TagFilters.Values");
            }
        }
        auto const* const types = json::array_of(body, "ResourceTypeFilters");
        if (types != nullptr && types->size() > 100) return invalid("ResourceTypeFilters can have at most 100 items.");
        auto const per_page = json::integer_of(body, "ResourcesPerPage");
        if (per_page && (*per_page < 1 || *per_page > 100))
            return invalid("ResourcesPerPage must be between 1 and 100.");
        if (json::member(body, "ResourceARNList") &&
            (json::member(body, "TagFilters") || json::member(body, "ResourceTypeFilters") || per_page ||
             json::member(body, "PaginationToken")))
            return invalid("ResourceARNList cannot be used together with filters or pages.");
        return std::nullopt;
    }

    [[nodiscard]] static bool has(json::value const& list, std::string_view text) {
        return std::any_of(list.begin(), list.end(),
                           [&](json::value const& each) { return json::as_text(each) == text; });
    }

    [[nodiscard]] static bool matches(task_definition const& known, json::value const& body) {
        if (auto const* const arns = json::array_of(body, "ResourceARNList")) return has(*arns, known.arn);
        if (auto const* const types = json::array_of(body, "ResourceTypeFilters");
            types != nullptr && !types->empty() && !has(*types, "ecs:task-definition") && !has(*types, "ecs"))
            return false;
        auto const* const filters = json::array_of(body, "TagFilters");
        if (filters == nullptr) return true;
        return std::all_of(filters->begin(), filters->end(), [&](json::value const& filter) {
            return std::any_of(known.tags.begin(), known.tags.end(), [&](json::value const& tag) {
                if (json::text_of(tag, "key") != json::text_of(filter, "Key")) return false;
                auto const* const values = json::array_of(filter, "Values");
                return values == nullptr || values->empty() || has(*values, json::text_of(tag, "value").value_or(""));
            });
        });
    }

    result<json::value> get_resources(json::value const& body, time_point now) {
        if (auto wrong = refuse(body)) return std::move(*wrong);
        std::size_t first = 0;
        bool begun = false;
        if (auto const token = json::text_of(body, "PaginationToken"); token && !token->empty()) {
            auto const page = read_token(*token);
            if (!page) return invalid("PaginationToken is not one of this service.");
            if (now >= page->second + token_life)
                return refusal(400, "PaginationTokenExpiredException", "PaginationToken has expired");
            first = page->first;
            begun = true;
        }
        std::vector<task_definition> found;
        for (auto& each : ecs_.definitions())
            if (!each.tags.empty() && matches(each, body)) found.push_back(std::move(each));

        auto most = static_cast<std::size_t>(json::integer_of(body, "ResourcesPerPage").value_or(50));
        if (json::member(body, "ResourceARNList")) most = found.size();
        {
            std::scoped_lock const lock{mutex_};
            if (empty_first_ && !begun) most = 0;
        }
        json::value list = json::value::array();
        for (std::size_t at = first; at < found.size() && at - first < most; ++at) {
            json::value tags = json::value::array();
            for (auto const& each : found[at].tags)
                tags.push_back(json::value{{"Key", json::text_of(each, "key").value_or("")},
                                           {"Value", json::text_of(each, "value").value_or("")}});
            list.push_back(json::value{{"ResourceARN", found[at].arn}, {"Tags", std::move(tags)}});
        }
        bool const more = first + most < found.size();
        json::value answer;
        json::set(answer, "PaginationToken", more ? write_token(first + most, now) : std::string{});
        json::set(answer, "ResourceTagMappingList", std::move(list));
        return answer;
    }

    static std::string write_token(std::size_t first, time_point now) {
        return "fake-" + std::to_string(first) + "-" + std::to_string(now.time_since_epoch().count());
    }

    static std::optional<std::pair<std::size_t, time_point>> read_token(std::string_view token) {
        if (!token.starts_with("fake-")) return std::nullopt;
        token.remove_prefix(5);
        std::size_t first = 0;
        std::int64_t made = 0;
        auto const [dash, failure] = std::from_chars(token.data(), token.data() + token.size(), first);
        if (failure != std::errc{} || dash == token.data() + token.size() || *dash != '-') return std::nullopt;
        auto const [end, failure2] = std::from_chars(dash + 1, token.data() + token.size(), made);
        if (failure2 != std::errc{} || end != token.data() + token.size()) return std::nullopt;
        return std::pair{first, time_point{duration{made}}};
    }

    fake_ecs const& ecs_;
    aws_front front_;
    std::mutex mutex_;
    bool empty_first_ = false;
};

} // namespace fargate::inline v0::testing

#endif
