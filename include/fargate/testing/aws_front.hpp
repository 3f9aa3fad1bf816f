#ifndef FARGATE_TESTING_AWS_FRONT_HPP
#define FARGATE_TESTING_AWS_FRONT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/exchange_log.hpp>
#include <fargate/testing/fault_plan.hpp>
#include <fargate/testing/iam_gate.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/testing/signature_check.hpp>
#include <fargate/testing/time_source.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// Which account and region a fake of AWS plays.
struct aws_account {
    std::string id = "123456789012";
    std::string region = "us-east-1";
};

/// The front door of an AWS JSON 1.1 service: method, target, content type, signature, body, planned faults, the form of
/// answers and errors. What lies behind it is a function `act(operation, body, now, failure) -> result<json::value>`.
class aws_front {
public:
    /// `target` is the part of `X-Amz-Target` before the point, `service` the signing name, `text_member` how the
    /// service's errors spell their message.
    aws_front(std::string target, std::string service, aws_account const& account, time_source now,
              std::string text_member) :
        target_{std::move(target)}, text_member_{std::move(text_member)}, now_{std::move(now)} {
        rules_.service = std::move(service);
        rules_.region = account.region;
    }

    signature_check keys{};
    fault_plan faults{};
    exchange_log log{};
    iam_gate gate{}; ///< asked by what lies behind the door, which knows what a call needs

    [[nodiscard]] time_point now() const { return now_(); }

    template <class Act>
    [[nodiscard]] result<http::response> serve(http::request const& request, Act&& act) {
        time_point const now = now_();
        exchange seen;
        seen.at = now;
        seen.body = request.body;
        seen.operation = operation_of(request);
        std::optional<fault> const planned = faults.next(seen.operation, request.body);
        bool const before = planned && planned->when == fault::moment::before;
        bool const task_failure = planned && planned->what == fault::kind::task_failure;
        if (before && !task_failure) return finish(std::move(seen), spoiled(*planned, now));

        result<json::value> outcome = admit(request, seen.operation, now);
        if (outcome)
            outcome =
                act(seen.operation, *outcome, now, task_failure ? std::optional{planned->why.message} : std::nullopt);
        seen.lost = planned.has_value() && !before;
        seen.code = outcome ? std::string{} : outcome.error().service_code;
        if (seen.lost) return finish(std::move(seen), spoiled(*planned, now));
        return finish(std::move(seen), written(outcome, now));
    }

private:
    [[nodiscard]] std::string operation_of(http::request const& request) const {
        std::string_view const target = request.headers.value_of("x-amz-target");
        std::size_t const point = target.rfind('.');
        return std::string{point == std::string_view::npos ? target : target.substr(point + 1)};
    }

    /// The request's body as a document, or why the service would not even look at it.
    [[nodiscard]] result<json::value> admit(http::request const& request, std::string const& operation,
                                            time_point now) const {
        if (request.method != "POST" || request.headers.value_of("x-amz-target") != target_ + "." + operation ||
            request.headers.value_of("content-type") != "application/x-amz-json-1.1")
            return refusal(404, "UnknownOperationException", "");
        if (auto const wrong = keys.inspect(request, rules_, now))
            return refusal(wrong->what == signature_defect::kind::absent ? 403 : 400, code_of(wrong->what),
                           wrong->message);
        auto body = json::parse(request.body);
        if (!body || !body->is_object()) return refusal(400, "SerializationException", "");
        return body;
    }

    [[nodiscard]] static std::string code_of(signature_defect::kind what) {
        using kind = signature_defect::kind;
        switch (what) {
        case kind::absent: return "MissingAuthenticationToken";
        case kind::incomplete: return "IncompleteSignatureException";
        case kind::unknown_key:
        case kind::wrong_token: return "UnrecognizedClientException";
        case kind::expired_token: return "ExpiredTokenException";
        case kind::wrong_scope:
        case kind::wrong_hash:
        case kind::too_old:
        case kind::too_early:
        case kind::mismatch: break;
        }
        return "InvalidSignatureException";
    }

    [[nodiscard]] http::response written(result<json::value> const& outcome, time_point now) {
        http::response made;
        made.headers.add("x-amzn-RequestId", request_id());
        made.headers.add("Content-Type", "application/x-amz-json-1.1");
        made.headers.add("Date", http_date(now));
        if (outcome) {
            made.status = 200;
            made.body = json::write(*outcome);
            return made;
        }
        auto const& why = outcome.error();
        made.status = why.http_status;
        json::value body;
        json::set(body, "__type", why.service_code);
        if (!why.message.empty()) json::set(body, text_member_, why.message);
        if (!why.resources.empty()) json::set(body, "resourceIds", why.resources);
        made.body = json::write(body);
        return made;
    }

    [[nodiscard]] result<http::response> spoiled(fault const& what, time_point now) {
        if (what.what == fault::kind::answer) return what.http;
        if (what.what == fault::kind::refusal) return written(result<json::value>{what.why}, now);
        return detail::unanswered(what);
    }

    [[nodiscard]] result<http::response> finish(exchange seen, result<http::response> answer) {
        seen.status = answer ? answer->status : 0;
        log.add(std::move(seen));
        return answer;
    }

    [[nodiscard]] std::string request_id() {
        std::scoped_lock const lock{mutex_};
        std::string const digits = std::to_string(++answers_);
        return "00000000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, digits.size()), '0') + digits;
    }

    std::string target_;
    std::string text_member_;
    time_source now_;
    signature_rules rules_;
    std::mutex mutex_;
    std::uint64_t answers_ = 0;
};

} // namespace fargate::inline v0::testing

#endif
