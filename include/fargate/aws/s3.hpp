#ifndef FARGATE_AWS_S3_HPP
#define FARGATE_AWS_S3_HPP

#include <fargate/aws/client.hpp>
#include <fargate/aws/s3_address.hpp>
#include <fargate/text/percent.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// Which object, and under which conditions. Empty members are not sent.
struct object_request {
    std::string bucket{};
    std::string key{}; ///< any text, `/` and odd characters included; sent literally
    std::string version_id{};
    std::string range{};               ///< `bytes=0-99`
    std::string if_match{};            ///< an ETag, with its quotes
    std::string if_none_match{};       ///< likewise
    std::string if_modified_since{};   ///< an HTTP date
    std::string if_unmodified_since{}; ///< likewise
};

/// An object, or of HeadObject what there is but for its bytes.
struct object {
    std::string body{};
    std::optional<std::uint64_t> size{}; ///< of `body`, or of what it would be
    std::string etag{};                  ///< with its quotes; not in general a hash of the bytes
    std::string content_type{};
    std::string last_modified{};
    std::string version_id{};
    http::fields headers{};
};

/// Amazon S3, to read. A missing object is `errc::not_found` (`NoSuchKey`; after HEAD, which has no body, the code is
/// `404`); 304 and 412 are errors with that status. Objects are kept in memory, up to `client_options::limits.body`.
///
/// A bucket of another region is asked for there, signed anew, once a call and at once: where S3 says which region it is,
/// or else a HEAD on the bucket does. The client keeps what it learned. The host is always computed from the region (under
/// an endpoint URL it stays), never taken from the answer.
/// About `parts` and threads see `ecs`.
template <policies Policies>
class s3 {
public:
    template <class Parts>
    explicit s3(Parts& parts, client_options options = {}, s3_options how = {}) :
        client_{parts, s3_service, std::move(options)}, how_{how} {}

    [[nodiscard]] result<object> get_object(object_request const& which, std::stop_token stop = {}) {
        return ask("GetObject", "GET", which, std::move(stop));
    }

    [[nodiscard]] result<object> head_object(object_request const& which, std::stop_token stop = {}) {
        return ask("HeadObject", "HEAD", which, std::move(stop));
    }

private:
    [[nodiscard]] result<object> ask(std::string_view operation, std::string_view method, object_request const& which,
                                     std::stop_token stop) {
        if (which.key.empty()) return client_.named(operation, fail(errc::invalid_argument, "the key is empty"));
        if (!client_.destination()) return client_.named(operation, client_.destination().error());
        target to = *client_.destination();
        if (auto known = region_known_of(which.bucket); !known.empty()) to.region = std::move(known);
        auto what = call_of(operation, method, which, to);
        if (!what) return client_.named(operation, std::move(what).error());

        service_failure said;
        what->failure = &said;
        auto answer = client_.call(*what, read_object, stop);
        if (answer || !is_redirect(said, method)) return answer;
        auto region = said.redirect_region.empty() ? ask_region(which.bucket, to, stop) : said.redirect_region;
        if (!leads_on(region, to)) return answer;
        to.region = learn(which.bucket, std::move(region));
        what = call_of(operation, method, which, to);
        if (!what) return client_.named(operation, std::move(what).error());
        return client_.call(*what, read_object, std::move(stop));
    }

    [[nodiscard]] result<call> call_of(std::string_view operation, std::string_view method, object_request const& which,
                                       target const& to) const {
        auto address = address_of(which.bucket, to, how_);
        if (!address) return std::move(address).error();
        call what;
        what.operation = operation;
        what.method = method;
        what.path = address->path + "/" + text::percent_encode(which.key, true);
        if (!which.version_id.empty()) what.query = "versionId=" + text::percent_encode(which.version_id);
        auto const add = [&what](char const* name, std::string const& value) {
            if (!value.empty()) what.headers.add(name, value);
        };
        add("Range", which.range);
        add("If-Match", which.if_match);
        add("If-None-Match", which.if_none_match);
        add("If-Modified-Since", which.if_modified_since);
        add("If-Unmodified-Since", which.if_unmodified_since);
        if (how_.checksum_mode && method == "GET") what.headers.add("x-amz-checksum-mode", "ENABLED");
        what.speaks = protocol::xml;
        what.signing = sigv4::s3;
        if (!how_.sign_payload && address->where.scheme == "https") what.signing.payload_hash = "UNSIGNED-PAYLOAD";
        what.where = std::move(address->where);
        return what;
    }

    /// The region that S3 names for a bucket whatever else it answers; empty when it names none.
    [[nodiscard]] std::string ask_region(std::string const& bucket, target const& to, std::stop_token stop) {
        auto address = address_of(bucket, to, how_);
        if (!address) return {};
        service_failure said;
        call what;
        what.operation = "HeadBucket";
        what.method = "HEAD";
        if (!address->path.empty()) what.path = address->path;
        what.speaks = protocol::xml;
        what.signing = sigv4::s3;
        what.where = std::move(address->where);
        what.failure = &said;
        auto const answer = client_.call(what, read_response, std::move(stop));
        return answer ? std::string{answer->headers.value_of("x-amz-bucket-region")} : said.redirect_region;
    }

    [[nodiscard]] std::string region_known_of(std::string const& bucket) const {
        std::scoped_lock const lock{mutex_};
        auto const found = regions_.find(bucket);
        return found != regions_.end() ? found->second : std::string{};
    }

    std::string learn(std::string const& bucket, std::string region) {
        constexpr std::size_t most_buckets = 1000;
        std::scoped_lock const lock{mutex_};
        if (regions_.size() == most_buckets) regions_.clear();
        return regions_[bucket] = std::move(region);
    }

    [[nodiscard]] static result<object> read_object(http::response&& answer) {
        object made;
        auto const text = [&answer](std::string_view name) { return std::string{answer.headers.value_of(name)}; };
        std::string const length = text("Content-Length");
        std::uint64_t size = 0;
        auto const end = length.data() + length.size();
        if (auto const [at, problem] = std::from_chars(length.data(), end, size); problem == std::errc{} && at == end)
            made.size = size;
        made.etag = text("ETag");
        made.content_type = text("Content-Type");
        made.last_modified = text("Last-Modified");
        made.version_id = text("x-amz-version-id");
        made.body = std::move(answer.body);
        made.headers = std::move(answer.headers);
        return made;
    }

    client<Policies> client_;
    s3_options how_;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> regions_; ///< of buckets that turned out to be elsewhere
};

} // namespace fargate::inline v0::aws

#endif
