// A way to the network of one's own, put under the ECS client at compile time. Here it is a board's modem, where every byte
// has its price: the model of `http_policy` keeps within a budget, and what it carries goes through one function that a real
// board fills with its driver. The same type fits an agent: `fargate::agent<fargate::policies<modem, my_credentials>>`.

#include <fargate/aws.hpp>
#include <fargate/credentials/fixed.hpp>

#include <cstddef>
#include <cstdio>

namespace aws = fargate::aws;
namespace http = fargate::http;
using fargate::errc;
using fargate::fail;
using fargate::result;

/// In place of the driver: this line knows one answer by heart.
result<http::response> over_the_line(http::request const&) {
    return http::response{200, {{"x-amzn-requestid", "example"}}, R"({"failures": [], "tasks": [
        {"taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/field/0123abcd", "lastStatus": "RUNNING"}]})"};
}

/// This is all that a way to the network has to be.
class modem {
public:
    result<http::response> send(http::request const& request) {
        if (request.stop.stop_requested()) return fail(errc::cancelled, "stopped before the request was sent");
        std::size_t bytes = request.method.size() + request.url.size() + request.body.size();
        for (auto const& [name, value] : request.headers) bytes += name.size() + value.size() + 4;
        if (used_ + bytes > budget) return fail(errc::connection_failed, "the month's bytes are used up");
        used_ += bytes;
        auto answer = over_the_line(request);
        if (answer) used_ += answer->body.size();
        return answer;
    }
    [[nodiscard]] std::size_t used() const { return used_; }

private:
    static constexpr std::size_t budget = 4000;
    std::size_t used_ = 0;
};
static_assert(fargate::http_policy<modem>);

struct board : aws::default_policies {
    using http = modem;
    using credentials = fargate::credentials::fixed;
};

int main() {
    aws::parts<board> parts{.credentials =
                                fargate::credentials::fixed{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}};
    aws::ecs<board> ecs{parts, {.region = "eu-west-1"}};
    for (int calls = 0;; ++calls) {
        auto const seen = ecs.describe_tasks({{"cluster", "field"}, {"tasks", {"0123abcd"}}});
        if (!seen) { // out of bytes, after a few calls
            std::printf("%d calls, %zu bytes, then: %s\n", calls, parts.http.used(), seen.error().message.c_str());
            return calls != 0 && seen.error().code == errc::connection_failed ? 0 : 1;
        }
        for (auto const& task : seen->tasks) std::printf("%s is %s\n", task.arn.c_str(), task.last_status.c_str());
    }
}
