#ifndef FARGATE_TESTING_FAKE_S3_HPP
#define FARGATE_TESTING_FAKE_S3_HPP

#include <fargate/aws/checksum.hpp>
#include <fargate/core/result.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/http/message.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/aws_front.hpp>
#include <fargate/testing/fault_plan.hpp>
#include <fargate/testing/iam_gate.hpp>
#include <fargate/testing/s3_text.hpp>
#include <fargate/testing/signature_check.hpp>
#include <fargate/testing/time_source.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/uri.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::testing {

/// Amazon S3 in memory: an `http_policy` model that serves GetObject and HeadObject of what a test has `put`.
///
/// Takes virtual-hosted and path-style addresses. Recomputes signatures by S3's rules (one-time encoded path, the body's
/// hash in a header, fifteen minutes of skew). Serves ranges, `If-Match` and `If-None-Match`, and a checksum when the caller
/// asks for one. Bodies go to a request's `sink`, and break off where a test says so. A bucket lives in one region: a
/// request to the host of another is redirected, one that is signed for another is answered 400
/// `AuthorizationHeaderMalformed`, both with the right one named. An object that is not there is denied to whoever may not
/// list its bucket. All members may be called from several threads at once.
class fake_s3 {
public:
    explicit fake_s3(aws_account account = {}, time_source now = wall_time()) :
        region_{std::move(account.region)}, now_{std::move(now)} {}
    fake_s3(fake_s3 const&) = delete;
    fake_s3& operator=(fake_s3 const&) = delete;

    /// Stores an object, and makes its bucket when there is none.
    void put(std::string const& bucket, std::string key, std::string body,
             std::string content_type = "application/octet-stream") {
        std::scoped_lock const lock{mutex_};
        auto& home = buckets_.try_emplace(bucket, bucket_state{region_, {}}).first->second;
        std::string etag = text::to_hex(crypto::bytes_of(crypto::openssl_hash{}.sha256(body))).substr(0, 32);
        home.objects[std::move(key)] = {std::move(body), std::move(content_type), "\"" + etag + "\"", now_()};
    }
    void erase(std::string const& bucket, std::string const& key) {
        std::scoped_lock const lock{mutex_};
        if (auto const home = buckets_.find(bucket); home != buckets_.end()) home->second.objects.erase(key);
    }
    /// Makes a bucket, in a region of its own.
    void add_bucket(std::string name, std::string region) {
        std::scoped_lock const lock{mutex_};
        buckets_[std::move(name)].region = std::move(region);
    }

    /// How a bucket of another region answers: 301 PermanentRedirect, as it does unless told otherwise, 307
    /// TemporaryRedirect with a `Location`, or 400 AuthorizationHeaderMalformed; and whether it names its region. HEAD on
    /// the bucket names it always.
    void redirect_with(int status, bool naming_region = true) {
        std::scoped_lock const lock{mutex_};
        redirect_status_ = status;
        redirect_names_region_ = naming_region;
    }

    /// The checksum that it keeps of objects, CRC-32 unless told otherwise.
    void keep_checksums(aws::checksum_algorithm which) {
        std::scoped_lock const lock{mutex_};
        checksums_ = which;
    }

    /// The next `times` bodies of objects break off after so many bytes, which the request's `sink` gets: shorter ones come
    /// whole.
    void break_off(std::size_t bytes, std::size_t times = 1) {
        std::scoped_lock const lock{mutex_};
        break_at_ = bytes;
        breaks_ = times;
    }

    [[nodiscard]] result<http::response> send(http::request const& request) {
        std::optional<error> broken;
        http::response answer;
        {
            std::scoped_lock const lock{mutex_};
            auto made = answer_to(request, broken);
            if (!made) return made;
            answer = *std::move(made);
        }
        if (request.sink != nullptr && answer.status >= 200 && answer.status <= 299) {
            std::string const body = std::exchange(answer.body, {});
            if (!request.sink->begin(answer) || (!body.empty() && !request.sink->take(body)))
                return fail(errc::cancelled, "the receiver wants no more");
        }
        if (broken) return *std::move(broken);
        return answer;
    }

    [[nodiscard]] fault_plan& faults() noexcept { return faults_; }
    [[nodiscard]] signature_check& keys() noexcept { return keys_; }
    /// What the caller may do.
    [[nodiscard]] iam_gate& gate() noexcept { return gate_; }
    /// What has come in; `body` holds the address.
    [[nodiscard]] exchange_log const& log() const noexcept { return log_; }

private:
    /// What comes back; `broken` is set when its body breaks off.
    result<http::response> answer_to(http::request const& request, std::optional<error>& broken) {
        time_point const now = now_();
        exchange seen;
        seen.at = now;
        seen.operation = request.method == "HEAD"  ? "HeadObject"
                         : request.method == "GET" ? "GetObject"
                                                   : request.method;
        seen.body = request.url;
        auto const planned = faults_.next(seen.operation, request.url);
        http::response answer = planned && planned->what == fault::kind::refusal
                                    ? failed(planned->why.http_status, planned->why.service_code, planned->why.message)
                                : planned && planned->what == fault::kind::answer ? planned->http
                                                                                  : serve(request, now, seen);
        bool const silent = planned && (planned->what == fault::kind::drop || planned->what == fault::kind::stall);
        seen.lost = silent && planned->when == fault::moment::after;
        seen.status = silent ? 0 : answer.status;
        bool const delivery = seen.operation == "GetObject" && (seen.status == 200 || seen.status == 206);
        log_.add(std::move(seen));
        if (silent) return detail::unanswered(*planned);
        std::string const number = std::to_string(++answers_);
        answer.headers.add("x-amz-request-id", "FAKE" + number);
        answer.headers.add("x-amz-id-2", "fake/" + number);
        answer.headers.add("Date", http_date(now));
        if (request.method == "HEAD") answer.body.clear();
        if (delivery && breaks_ != 0 && answer.body.size() > break_at_) {
            --breaks_;
            answer.body.resize(break_at_);
            broken = fail(errc::connection_failed, "the connection broke", true);
        }
        return answer;
    }

    struct object {
        std::string body;
        std::string content_type;
        std::string etag;
        time_point modified;
    };
    struct bucket_state {
        std::string region{};
        std::map<std::string, object> objects{};
    };
    struct address {
        std::string bucket;
        std::string key;
    };

    static http::response failed(int status, std::string_view code, std::string_view message,
                                 std::string_view more = {}) {
        http::response made;
        made.status = status;
        made.headers.add("Content-Type", "application/xml");
        made.body = s3_error(code, message, more);
        return made;
    }

    static http::response forbidden(std::string const& why) { return failed(403, "AccessDenied", why); }

    /// The region whose host was called: `[bucket.]s3[-fips][.dualstack][.region].amazonaws.com`; us-east-1 without one,
    /// empty when the host
    /// is not Amazon's or not of one region.
    [[nodiscard]] static std::string region_of_host(http::request const& request) {
        auto const url = text::split_url(request.url);
        if (!url) return {};
        std::string host = detail::host_of(request, *url);
        host = host.substr(0, host.find(':'));
        std::size_t const end = host.rfind(".amazonaws.com");
        if (end == std::string::npos) return {};
        std::size_t const s3 = host.starts_with("s3") ? 0 : host.find(".s3") + 1;
        std::string labels = host.substr(s3, end - s3);
        if (labels.starts_with("s3-accelerate")) return {}; // one host for all regions
        for (std::string_view const part : {"s3-fips", "s3", ".dualstack", "."})
            if (labels.starts_with(part)) labels.erase(0, part.size());
        return labels.empty() ? "us-east-1" : labels;
    }

    /// The answer to who asks for a bucket in the wrong region.
    [[nodiscard]] http::response redirect(address const& where, std::string const& region, std::string_view given,
                                          int status) const {
        bool const named = redirect_names_region_ || where.key.empty();
        std::string const host = where.bucket + ".s3." + region + ".amazonaws.com";
        http::response made =
            status == 400
                ? failed(400, "AuthorizationHeaderMalformed",
                         "The authorization header is malformed; the region '" + std::string{given} +
                             "' is wrong; expecting '" + region + "'",
                         named ? "<Region>" + region + "</Region>" : std::string{})
                : failed(status, status == 307 ? "TemporaryRedirect" : "PermanentRedirect",
                         "The bucket you are attempting to access must be addressed using the specified endpoint. "
                         "Please send all future requests to this endpoint.",
                         "<Endpoint>" + host + "</Endpoint><Bucket>" + xml_text(where.bucket) + "</Bucket>");
        if (status == 307) made.headers.add("Location", "https://" + host + "/" + where.key);
        if (named) made.headers.add("x-amz-bucket-region", region);
        return made;
    }

    /// Bucket and key of a request. A host that begins with a label before `s3` or with a known bucket is virtual-hosted.
    [[nodiscard]] std::optional<address> locate(http::request const& request) const {
        auto const url = text::split_url(request.url);
        if (!url) return std::nullopt;
        std::string host = detail::host_of(request, *url);
        host = host.substr(0, host.find(':'));
        std::string_view path = url->path;
        if (path.starts_with('/')) path.remove_prefix(1);
        std::size_t const s3 = host.find(".s3");
        if (s3 != std::string::npos && (host[s3 + 3] == '.' || host[s3 + 3] == '-') && host.ends_with(".amazonaws.com"))
            return address{host.substr(0, s3), text::percent_decode(path)};
        for (auto const& each : buckets_)
            if (host.starts_with(each.first + ".")) return address{each.first, text::percent_decode(path)};
        std::size_t const slash = path.find('/');
        if (slash == std::string_view::npos) return address{text::percent_decode(path), {}};
        return address{text::percent_decode(path.substr(0, slash)), text::percent_decode(path.substr(slash + 1))};
    }

    [[nodiscard]] std::optional<http::response> refuse_signature(http::request const& request, time_point now) const {
        signature_rules rules;
        rules.service = "s3";
        rules.skew = std::chrono::minutes{15};
        rules.s3 = true;
        auto const wrong = keys_.inspect(request, rules, now);
        if (!wrong) return std::nullopt;
        using kind = signature_defect::kind;
        switch (wrong->what) {
        case kind::absent: return failed(403, "AccessDenied", "Access Denied");
        case kind::incomplete:
            return failed(wrong->message.starts_with("There were") ? 403 : 400,
                          wrong->message.starts_with("There were") ? "AccessDenied" : "AuthorizationHeaderMalformed",
                          wrong->message);
        case kind::unknown_key:
            return failed(403, "InvalidAccessKeyId",
                          "The AWS Access Key Id you provided does not exist in our records.");
        case kind::wrong_token:
            return failed(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
        case kind::expired_token: return failed(400, "ExpiredToken", "The provided token has expired.");
        case kind::wrong_scope: return failed(400, "AuthorizationHeaderMalformed", wrong->message);
        case kind::wrong_hash:
            return wrong->message.starts_with("Missing") ? failed(400, "InvalidRequest", wrong->message)
                                                         : failed(400, "XAmzContentSHA256Mismatch", wrong->message);
        case kind::too_old:
        case kind::too_early:
            return failed(403, "RequestTimeTooSkewed",
                          "The difference between the request time and the current time is too large.",
                          "<RequestTime>" + std::string{request.headers.value_of("x-amz-date")} +
                              "</RequestTime><ServerTime>" + text::iso8601(now) +
                              "</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>");
        case kind::mismatch: break;
        }
        return failed(403, "SignatureDoesNotMatch", wrong->message);
    }

    [[nodiscard]] http::response serve(http::request const& request, time_point now, exchange& seen) const {
        if (request.method != "GET" && request.method != "HEAD")
            return failed(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
        auto const where = locate(request);
        if (!where) return failed(400, "InvalidURI", "Couldn't parse the specified URI.");
        if (where->key.empty()) seen.operation = request.method == "HEAD" ? "HeadBucket" : "ListObjects";
        auto const home = buckets_.find(where->bucket);
        // The region is looked at before the signature: a client that has guessed wrong must learn the right one.
        if (home != buckets_.end()) {
            auto const given = signature_check::region_of(request);
            auto const& region = home->second.region;
            auto const called = region_of_host(request);
            if (!called.empty() && called != region) return redirect(*where, region, given, redirect_status_);
            if (!given.empty() && given != region) return redirect(*where, region, given, 400);
        }
        if (auto refused = refuse_signature(request, now)) return std::move(*refused);
        if (home == buckets_.end())
            return failed(404, "NoSuchBucket", "The specified bucket does not exist",
                          "<BucketName>" + xml_text(where->bucket) + "</BucketName>");
        std::string const arn = "arn:aws:s3:::" + where->bucket;
        if (where->key.empty()) {
            if (auto const denied = gate_.refuse({"s3:ListBucket", arn})) return forbidden(denied->message);
            http::response listing;
            listing.status = 200;
            listing.headers.add("Content-Type", "application/xml");
            listing.headers.add("x-amz-bucket-region", home->second.region);
            listing.body = "<ListBucketResult><Name>" + xml_text(where->bucket) + "</Name></ListBucketResult>";
            return listing;
        }
        bool const versioned = request.url.find("versionId=") != std::string::npos;
        if (auto const denied =
                gate_.refuse({versioned ? "s3:GetObjectVersion" : "s3:GetObject", arn + "/" + where->key}))
            return forbidden(denied->message);
        auto const found = home->second.objects.find(where->key);
        if (found == home->second.objects.end() && !gate_.allows({"s3:ListBucket", arn}))
            return forbidden("Access Denied");
        if (found == home->second.objects.end())
            return failed(404, "NoSuchKey", "The specified key does not exist.",
                          "<Key>" + xml_text(where->key) + "</Key>");
        return deliver(request, found->second);
    }

    [[nodiscard]] http::response deliver(http::request const& request, object const& known) const {
        auto const& headers = request.headers;
        http::response answer;
        answer.headers.add("ETag", known.etag);
        answer.headers.add("Last-Modified", http_date(known.modified));
        answer.headers.add("Accept-Ranges", "bytes");
        if (auto const wanted = headers.find("if-match"); wanted && *wanted != known.etag && *wanted != "*")
            return failed(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
        if (auto const unwanted = headers.find("if-none-match");
            unwanted && (*unwanted == known.etag || *unwanted == "*")) {
            answer.status = 304;
            return answer;
        }
        answer.headers.add("Content-Type", known.content_type);
        if (auto const range = headers.find("range")) {
            auto const part = read_range(*range, known.body.size());
            if (part && part->first >= known.body.size())
                return failed(416, "InvalidRange", "The requested range is not satisfiable");
            if (part) {
                answer.status = 206;
                answer.headers.add("Content-Range", "bytes " + std::to_string(part->first) + "-" +
                                                        std::to_string(part->second) + "/" +
                                                        std::to_string(known.body.size()));
                answer.body = known.body.substr(part->first, part->second - part->first + 1);
                answer.headers.add("Content-Length", std::to_string(answer.body.size()));
                return answer;
            }
        }
        answer.status = 200;
        answer.body = known.body;
        answer.headers.add("Content-Length", std::to_string(known.body.size()));
        if (headers.value_of("x-amz-checksum-mode") == "ENABLED") {
            aws::checksum sum{checksums_};
            sum.add(known.body);
            answer.headers.add("x-amz-checksum-" + std::string{name_of(checksums_)}, sum.finish());
            answer.headers.add("x-amz-checksum-type", "FULL_OBJECT");
        }
        return answer;
    }

    std::string region_;
    time_source now_;
    mutable std::mutex mutex_;
    std::map<std::string, bucket_state> buckets_;
    fault_plan faults_;
    signature_check keys_;
    exchange_log log_;
    iam_gate gate_;
    std::uint64_t answers_ = 0;
    int redirect_status_ = 301;
    bool redirect_names_region_ = true;
    aws::checksum_algorithm checksums_ = aws::checksum_algorithm::crc32;
    std::size_t break_at_ = 0;
    std::size_t breaks_ = 0;
};

} // namespace fargate::inline v0::testing

#endif
