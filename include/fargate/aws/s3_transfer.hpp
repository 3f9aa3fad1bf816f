#ifndef FARGATE_AWS_S3_TRANSFER_HPP
#define FARGATE_AWS_S3_TRANSFER_HPP

#include <fargate/aws/call.hpp>
#include <fargate/aws/checksum.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/aws/s3_object.hpp>
#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// One object on its way, over as many attempts as it takes: a sink that has the call ask for what is still missing
/// (`Range`, and `If-Match` so that it is the same object), and that sees to length and checksum of the whole.
///
/// Bytes are kept in memory or handed on, each once. Kept ones can be thrown away when the object turns out to have changed
/// meanwhile; handed-on ones cannot. A transfer serves one call after another; `begin`, `take` and `finish` are for while the
/// one lives that it steers.
class object_transfer final : public http::body_sink {
public:
    /// Hands the bytes on when there is a `to`, and otherwise keeps `limit` of them at most.
    object_transfer(object_request const& which, http::body_sink* to, std::size_t limit, bool verify) :
        which_{which}, to_{to}, limit_{limit}, verify_{verify} {}

    /// Has the attempts of a call come here, and makes it ask for what is missing.
    void steer(call& what) {
        what.sink = this;
        steered_ = &what;
        aim();
    }

    [[nodiscard]] bool begin(http::response const& head) override {
        begun_ = true;
        if (complete()) return false; // only the answer's end had been lost
        if (offset_ != 0) {
            bool const asked = can_continue();
            if (asked && head.status == 206 && continues(head)) return true;
            if (to_ != nullptr) return give_up(asked && head.status == 206 ? changed() : stuck());
            if (asked && (head.status == 206 || !which_.range.empty())) return give_up(changed());
            start_over();
        }
        head_ = {head.status, head.headers, {}};
        part_.reset();
        expected_.reset();
        if (!head.headers.find("Transfer-Encoding"))
            expected_ = detail::whole_number(head.headers.value_of("Content-Length"));
        if (head.status == 206) part_ = read_content_range(head.headers.value_of("Content-Range"));
        if (part_) {
            auto const length = part_->last - part_->first + 1;
            if (expected_.value_or(length) != length)
                return give_up(
                    fail(errc::malformed_response, "Content-Range and Content-Length contradict each other"));
            expected_ = length;
        }
        announced_ = verify_ && head.status == 200 ? announced_checksum_of(head.headers) : std::nullopt;
        sum_.reset();
        if (announced_) sum_.emplace(announced_->algorithm);
        aim();
        if (to_ != nullptr) return true;
        if (expected_.value_or(0) > limit_) return give_up(too_large());
        constexpr std::uint64_t most_at_once = 256 * 1024 * 1024; // on the word of the other side
        body_.reserve(static_cast<std::size_t>(std::min(expected_.value_or(0), most_at_once)));
        return true;
    }

    [[nodiscard]] bool take(std::string_view bytes) override {
        if (!admit(bytes.size())) return false;
        if (to_ == nullptr) {
            body_ += bytes;
        } else if (!open() || !to_->take(bytes)) {
            return give_up(declined());
        }
        count(bytes);
        return true;
    }

    /// Reads what an attempt amounts to in the end. `errc::connection_failed` when bytes are missing and can be asked for,
    /// `errc::malformed_response` when the bytes are wrong and can be thrown away; what cannot be helped is the `problem`.
    [[nodiscard]] result<object> finish(http::response&& answer) {
        if (!std::exchange(begun_, false) || !answer.body.empty()) adopt(std::move(answer));
        auto made = settle();
        if (!made) aim();
        return made;
    }

    /// The same, when it is known that the last attempt brought nothing more.
    [[nodiscard]] result<object> settle() {
        if (problem_) return object{};
        if (expected_ && offset_ < *expected_)
            return fail(errc::connection_failed, "the body broke off after " + std::to_string(offset_) + " of " +
                                                     std::to_string(*expected_) + " bytes");
        if (sum_ && sum_->finish() != announced_->value) {
            auto wrong = fail(errc::malformed_response,
                              "the " + std::string{name_of(announced_->algorithm)} + " of " + quoted_key() +
                                  " is not the one that S3 keeps of it",
                              true);
            sum_.reset();
            if (to_ != nullptr) {
                give_up(std::move(wrong));
                return object{};
            }
            start_over();
            return wrong;
        }
        if (to_ != nullptr && !open()) give_up(declined());
        head_.body = std::move(body_);
        return object_of(std::move(head_));
    }

    /// Every byte that was announced is there, whatever happened afterwards.
    [[nodiscard]] bool complete() const noexcept { return offset_ != 0 && expected_ == offset_; }

    /// What ended the transfer and cannot be helped by another attempt.
    [[nodiscard]] std::optional<error> const& problem() const noexcept { return problem_; }

    /// The object is not the one any more of which there is a part; `how` is how a call ended.
    [[nodiscard]] bool is_outdated(result<object> const& how) const noexcept {
        if (outdated_ || how || problem_ || offset_ == 0) return outdated_;
        return how.error().http_status == 412 || how.error().http_status == 416;
    }

    /// Forgets an outdated object. False when its bytes are out already.
    [[nodiscard]] bool restart() {
        if (to_ != nullptr) return false;
        start_over();
        return true;
    }

    /// What there is to say of an outdated object whose bytes are out, or that changes all the time.
    [[nodiscard]] error changed() {
        outdated_ = true;
        auto made = fail(errc::service_error,
                         quoted_key() + " changed after " + std::to_string(offset_) + " bytes of it were read", true);
        made.http_status = 412;
        made.service_code = "PreconditionFailed";
        return made;
    }

private:
    bool give_up(error why) {
        if (!problem_) problem_ = std::move(why);
        return false;
    }

    [[nodiscard]] std::string quoted_key() const {
        constexpr std::size_t longest = 256;
        return "\"" + detail::one_line(detail::cut(which_.key, longest)) + "\"";
    }

    [[nodiscard]] error too_large() const {
        return fail(errc::too_large, quoted_key() + " is longer than " + std::to_string(limit_) +
                                         " bytes: raise limits.body, ask for a range or stream it");
    }

    [[nodiscard]] error stuck() const {
        return fail(errc::connection_failed,
                    quoted_key() + " broke off after " + std::to_string(offset_) +
                        " bytes, and the rest of it cannot be had alone",
                    true);
    }

    [[nodiscard]] static error declined() { return fail(errc::cancelled, "the receiver wants no more"); }

    void start_over() {
        offset_ = 0;
        body_.clear();
        expected_.reset();
        sum_.reset();
        problem_.reset();
        outdated_ = false;
    }

    /// Tells the receiver once, before the first byte or when there are none.
    [[nodiscard]] bool open() { return std::exchange(opened_, true) || to_->begin(head_); }

    [[nodiscard]] bool admit(std::size_t more) {
        if (expected_ && more > *expected_ - offset_)
            return give_up(fail(errc::malformed_response, "more bytes come than were announced"));
        if (to_ == nullptr && more > limit_ - body_.size()) return give_up(too_large());
        return true;
    }

    void count(std::string_view bytes) {
        if (sum_) sum_->add(bytes);
        offset_ += bytes.size();
        aim();
    }

    /// Takes an answer of a policy that knows no sinks.
    void adopt(http::response&& answer) {
        if (!begin({answer.status, answer.headers, {}})) return;
        if (to_ != nullptr || offset_ != 0) {
            if (!answer.body.empty()) static_cast<void>(take(answer.body));
        } else if (admit(answer.body.size())) {
            body_ = std::move(answer.body);
            count(body_);
        }
        begun_ = false;
    }

    /// The strong ETag that the rest must have as well.
    [[nodiscard]] std::string_view etag() const noexcept {
        auto const given = head_.headers.value_of("ETag");
        return given.starts_with('"') ? given : std::string_view{};
    }

    /// Where the bytes lie in the object, and that it is the same one, can be told to S3.
    [[nodiscard]] bool can_continue() const noexcept {
        return (head_.status == 200 || part_) && (!etag().empty() || !which_.version_id.empty());
    }

    [[nodiscard]] bool continues(http::response const& head) const {
        auto const rest = read_content_range(head.headers.value_of("Content-Range"));
        if (!rest || rest->first != first() + offset_) return false;
        if (expected_ && rest->last != first() + *expected_ - 1) return false;
        if (part_ && part_->total && rest->total && *part_->total != *rest->total) return false;
        auto const now = head.headers.find("ETag");
        return etag().empty() || !now || *now == etag();
    }

    [[nodiscard]] std::uint64_t first() const noexcept { return part_ ? part_->first : 0; }

    void aim() {
        auto& fields = steered_->headers;
        bool const rest = offset_ != 0 && !complete() && can_continue();
        auto const put = [&fields](char const* name, std::string value) {
            if (value.empty()) return fields.erase(name);
            fields.set(name, std::move(value));
        };
        std::string const end = part_ ? std::to_string(part_->last) : std::string{};
        put("Range", rest ? "bytes=" + std::to_string(first() + offset_) + "-" + end : which_.range);
        put("If-Match", rest && !etag().empty() ? std::string{etag()} : which_.if_match);
    }

    object_request const& which_;
    http::body_sink* to_;
    std::size_t limit_;
    bool verify_;
    call* steered_ = nullptr;
    http::response head_{};                   ///< of the first answer; the rest only adds to its body
    std::optional<content_range> part_{};     ///< when the first answer is part of an object
    std::optional<std::uint64_t> expected_{}; ///< bytes
    std::optional<announced_checksum> announced_{};
    std::optional<checksum> sum_{};
    std::uint64_t offset_ = 0; ///< bytes that are there
    std::string body_{};
    std::optional<error> problem_{};
    bool begun_ = false;  ///< the attempt under way knows sinks
    bool opened_ = false; ///< the receiver has been told
    bool outdated_ = false;
};

} // namespace fargate::inline v0::aws

#endif
