#ifndef FARGATE_AWS_S3_HPP
#define FARGATE_AWS_S3_HPP

#include <fargate/aws/client.hpp>
#include <fargate/aws/s3_address.hpp>
#include <fargate/aws/s3_object.hpp>
#include <fargate/aws/s3_options.hpp>
#include <fargate/aws/s3_transfer.hpp>
#include <fargate/text/percent.hpp>

#include <cstddef>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// Amazon S3, to read. A missing object is `errc::not_found` (`NoSuchKey`; after HEAD, which has no body, the code is
/// `404`); 304, 412 and 416 are errors with that status.
///
/// A body that breaks off is gone on with where it broke, for the retry policy's attempts in all, with a range and an
/// `If-Match` that hold S3 to the same object; no attempt is delivered that is shorter than announced. The checksum that S3
/// keeps of a whole object is compared: a wrong one counts as a lost answer, and in the end is `errc::malformed_response`.
/// (Parts of objects, and objects put together of parts with a checksum of checksums, have none to compare.)
///
/// A bucket of another region is asked for there, signed anew, once a call and at once: where S3 says which region it is,
/// or else a HEAD on the bucket does. The client keeps what it learned. The host is always computed from the region (under
/// an endpoint URL it stays), never taken from the answer.
/// What was wrong with options or environment is the answer to every call. About `parts` and threads see `ecs`.
template <policies Policies>
class s3 {
public:
    template <class Parts>
    explicit s3(Parts& parts, client_options options = {}, s3_options const& how = {}) :
        how_{resolve_s3_options(how, parts.environment)},
        client_{parts, s3_service, with_dualstack(std::move(options))} {}

    /// An object, in memory: up to `client_options::limits.body`, and `errc::too_large` beyond. One that changes while it is
    /// read is read anew.
    [[nodiscard]] result<object> get_object(object_request const& which, std::stop_token stop = {}) {
        return transfer(which, nullptr, std::move(stop));
    }

    /// An object whose bytes go to `to`, each once and in order, and are not kept; the result has no body. `begin` comes
    /// once, before the first byte; false from either is `errc::cancelled`. An error means that what came is not the whole:
    /// besides those of the other, a 412 (`PreconditionFailed`, retryable) when the object changed while it was read. An
    /// HTTP policy that knows no sinks makes no difference but for the memory. `limits.total` (120 s) holds for each
    /// attempt: raise it, or set it to zero, for what takes longer.
    [[nodiscard]] result<object> get_object(object_request const& which, http::body_sink& to,
                                            std::stop_token stop = {}) {
        return transfer(which, &to, std::move(stop));
    }

    [[nodiscard]] result<object> head_object(object_request const& which, std::stop_token stop = {}) {
        return ask("HeadObject", "HEAD", which, nullptr, std::move(stop));
    }

private:
    [[nodiscard]] client_options with_dualstack(client_options options) const {
        if (how_ && !options.use_dualstack) options.use_dualstack = how_->use_dualstack;
        return options;
    }

    [[nodiscard]] result<object> transfer(object_request const& which, http::body_sink* to, std::stop_token stop) {
        constexpr int most_restarts = 2;
        constexpr std::string_view operation = "GetObject";
        bool const verify = how_ && *how_->checksum_mode;
        object_transfer way{which, to, client_.options().limits.body, verify};
        for (int restarts = 0;; ++restarts) {
            auto answer = ask(operation, "GET", which, &way, stop);
            if (!answer && way.complete()) {
                answer = way.settle();
                if (!answer) return client_.named(operation, std::move(answer).error());
            }
            if (way.is_outdated(answer)) {
                if (restarts != most_restarts && way.restart()) continue;
                return client_.named(operation, way.changed());
            }
            if (way.problem()) return client_.named(operation, *way.problem());
            return answer;
        }
    }

    [[nodiscard]] result<object> ask(std::string_view operation, std::string_view method, object_request const& which,
                                     object_transfer* way, std::stop_token stop) {
        if (!how_) return client_.named(operation, how_.error());
        if (which.key.empty()) return client_.named(operation, fail(errc::invalid_argument, "the key is empty"));
        if (!client_.destination()) return client_.named(operation, client_.destination().error());
        target to = *client_.destination();
        if (auto known = region_known_of(which.bucket); !known.empty()) to.region = std::move(known);
        auto const read = [way](http::response&& answer) -> result<object> {
            return way != nullptr ? way->finish(std::move(answer)) : object_of(std::move(answer));
        };
        for (bool redirected = false;; redirected = true) {
            auto what = call_of(operation, method, which, to);
            if (!what) return client_.named(operation, std::move(what).error());
            if (way != nullptr) way->steer(*what);
            service_failure said;
            what->failure = &said;
            auto answer = client_.call(*what, read, stop);
            if (answer || redirected || !is_redirect(said, method)) return answer;
            auto region = said.redirect_region.empty() ? ask_region(which.bucket, to, stop) : said.redirect_region;
            if (!leads_on(region, to)) return answer;
            to.region = learn(which.bucket, std::move(region));
        }
    }

    [[nodiscard]] result<call> call_of(std::string_view operation, std::string_view method, object_request const& which,
                                       target const& to) const {
        auto address = address_of(which.bucket, to, *how_);
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
        if (*how_->checksum_mode && method == "GET") what.headers.add("x-amz-checksum-mode", "ENABLED");
        what.speaks = protocol::xml;
        what.signing = sigv4::s3;
        if (!*how_->sign_payload && address->where.scheme == "https") what.signing.payload_hash = "UNSIGNED-PAYLOAD";
        what.where = std::move(address->where);
        return what;
    }

    /// The region that S3 names for a bucket whatever else it answers; empty when it names none.
    [[nodiscard]] std::string ask_region(std::string const& bucket, target const& to, std::stop_token stop) {
        auto address = address_of(bucket, to, *how_);
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

    result<s3_options> how_;
    client<Policies> client_;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> regions_; ///< of buckets that turned out to be elsewhere
};

} // namespace fargate::inline v0::aws

#endif
