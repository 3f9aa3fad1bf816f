#ifndef FARGATE_TESTING_FAKE_AWS_HPP
#define FARGATE_TESTING_FAKE_AWS_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/testing/aws_front.hpp>
#include <fargate/testing/fake_ecs.hpp>
#include <fargate/testing/fake_s3.hpp>
#include <fargate/testing/fake_tagging.hpp>
#include <fargate/testing/iam_policy.hpp>
#include <fargate/testing/signature_check.hpp>
#include <fargate/testing/time_source.hpp>

#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// The three services of AWS that the agent calls, as one `http_policy` model: requests go to ECS or tagging by their
/// `X-Amz-Target`, and to S3 when they have none.
///
///     fargate::testing::fake_aws aws;
///     aws.s3.put("flows", "kwargs.json", R"({"cpu": "512"})");
///     aws.ecs.every_task(fargate::testing::runs_for_ever());
class fake_aws {
public:
    explicit fake_aws(aws_account account = {}, time_source now = wall_time()) :
        ecs{account, now}, s3{account, now}, tagging{ecs, account, now} {}

    fake_ecs ecs;
    fake_s3 s3;
    fake_tagging tagging;

    [[nodiscard]] result<http::response> send(http::request const& request) {
        auto const target = request.headers.find("x-amz-target");
        if (!target) return s3.send(request);
        return target->starts_with("ResourceGroupsTaggingAPI_") ? tagging.send(request) : ecs.send(request);
    }

    /// Makes all three accept one more key.
    void accept(known_key const& key) {
        ecs.keys().accept(key);
        s3.keys().accept(key);
        tagging.keys().accept(key);
    }

    /// Denies everything that `policy` does not allow, in all three; about `guard_tags` see `iam_gate::enforce`.
    void enforce(iam_policy const& policy, bool guard_tags = true) {
        ecs.gate().enforce(policy, guard_tags);
        s3.gate().enforce(policy, guard_tags);
        tagging.gate().enforce(policy, guard_tags);
    }

    /// Makes all three accept these keys and no others.
    void accept_only(std::vector<known_key> const& keys) {
        ecs.keys().accept_only(keys);
        s3.keys().accept_only(keys);
        tagging.keys().accept_only(keys);
    }
};

} // namespace fargate::inline v0::testing

#endif
