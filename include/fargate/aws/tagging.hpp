#ifndef FARGATE_AWS_TAGGING_HPP
#define FARGATE_AWS_TAGGING_HPP

#include <fargate/aws/answer.hpp>
#include <fargate/aws/client.hpp>
#include <fargate/aws/tag.hpp>

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// A resource that has, or had, tags.
struct tagged_resource {
    std::string arn{};
    std::vector<tag> tags{};
};

/// One page of GetResources. A page may be empty and yet have a token; the last one has none.
struct resources_page {
    std::vector<tagged_resource> resources{};
    std::string token{};
    std::string raw{}; ///< the whole of it as it came, a JSON object
};

/// The Resource Groups Tagging API. Inputs are JSON objects with AWS's member names.
/// About `parts` and threads see `ecs`.
template <policies Policies>
class tagging {
public:
    static constexpr int most_pages = 1000; ///< 100 resources each

    template <class Parts>
    explicit tagging(Parts& parts, client_options options = {}) : client_{parts, tagging_service, std::move(options)} {}

    /// Why no call can succeed, as far as it is known without making one: what was wrong with options, environment or files
    /// when this was made.
    [[nodiscard]] result<void> ready() const { return client_.ready(); }

    /// One page: the first, or the one that `PaginationToken` in the input names.
    [[nodiscard]] result<resources_page> get_resources(json::value const& input, std::stop_token stop = {}) {
        static constexpr std::string_view members[] = {
            "PaginationToken", "ResourceTagMappingList", "ResourceARN", "Tags", "Key", "Value"};
        resources_page page;
        auto const read = [&page](http::response&& answer) {
            auto document = read_members(answer, members);
            page.raw = std::move(answer.body);
            return document;
        };
        auto const document =
            client_.call_json(operation, "ResourceGroupsTaggingAPI_20170126", input, read, std::move(stop), {});
        if (!document) return document.error();
        page.token = json::text_of(*document, "PaginationToken").value_or("");
        if (auto const* const list = json::array_of(*document, "ResourceTagMappingList")) {
            for (auto const& each : *list)
                page.resources.push_back(
                    {std::string{json::text_of(each, "ResourceARN").value_or("")}, read_tags(each, "Tags")});
        }
        return page;
    }

    /// Every page of the input's question. A token that ran out (they live 15 minutes) starts it again, once.
    [[nodiscard]] result<std::vector<tagged_resource>> all_resources(json::value const& input,
                                                                     std::stop_token stop = {}) {
        std::vector<tagged_resource> found;
        json::value asking = input;
        bool started_again = false;
        for (int pages = 0; pages != most_pages; ++pages) {
            auto page = get_resources(asking, stop);
            if (!page && page.error().service_code == "PaginationTokenExpiredException" &&
                !std::exchange(started_again, true)) {
                found.clear();
                asking = input;
                continue;
            }
            if (!page) return std::move(page).error();
            for (auto& each : page->resources) found.push_back(std::move(each));
            if (page->token.empty()) return found;
            json::set(asking, "PaginationToken", page->token);
        }
        std::string why = "there are more than " + std::to_string(most_pages) + " pages: narrow the filters";
        return client_.named(operation, fail(errc::too_large, std::move(why)));
    }

private:
    static constexpr std::string_view operation = "GetResources";

    client<Policies> client_;
};

} // namespace fargate::inline v0::aws

#endif
