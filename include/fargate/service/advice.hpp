#ifndef FARGATE_SERVICE_ADVICE_HPP
#define FARGATE_SERVICE_ADVICE_HPP

#include <fargate/core/error.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fargate::inline v0::service {

namespace detail {

/// What a person can do about one of ECS's refusals; the first rule that fits counts.
struct advice_rule {
    std::string_view code;    ///< the service's name for it; empty: any
    std::string_view wording; ///< a part of its message, in any case; empty: any
    std::string_view advice;
};

inline constexpr advice_rule advice_rules[] = {
    {"", "no fargate configuration exists", "give cpu and memory a pair that Fargate has, e.g. cpu=256 memory=512"},
    {"", "execution role", "set executionRoleArn: Fargate pulls images and writes logs with that role"},
    {"", "invalid 'cpu'", "set cpu to a number of CPU units that Fargate has, e.g. 256, 512, 1024"},
    {"", "invalid 'memory'", "set memory to a number of MiB that Fargate has for this cpu, e.g. 512 for cpu=256"},
    {"", "role is not valid", "check taskRoleArn and executionRoleArn: each is the ARN of a role that exists"},
    {"", "network configuration must be provided",
     "set networkConfiguration: tasks on Fargate need subnets, e.g. {'awsvpcConfiguration': {'subnets': "
     "['subnet-...']}}"},
    {"", "subnet", "check the subnets in networkConfiguration: they must exist in this region and account"},
    {"", "security group", "check the securityGroups in networkConfiguration: they must be of the subnets' VPC"},
    {"", "log driver", "check logConfiguration: Fargate takes awslogs, splunk and awsfirelens"},
    {"", "platform version", "check platformVersion: LATEST or e.g. 1.4.0"},
    {"", "capacity provider", "check the cluster's capacity providers, or set launch_type=FARGATE"},
    {"ClusterNotFoundException", "",
     "check cluster and the region: there is no such cluster; create it, or name another"},
    {"PlatformUnknownException", "", "check platformVersion: LATEST or e.g. 1.4.0"},
    {"PlatformTaskDefinitionIncompatibilityException", "",
     "this platformVersion cannot do what the definition asks for: an EFS volume needs 1.4.0"},
    {"UnsupportedFeatureException", "", "this region cannot do that: ask for less, or choose another region"},
    {"BlockedException", "", "AWS has blocked this account: ask AWS Support"},
    {"LimitExceededException", "", "a quota of the account is used up: see ECS in the Service Quotas console"},
    {"UnrecognizedClientException", "", "AWS does not know this key: check aws_access_key_id and the session token"},
    {"InvalidClientTokenId", "", "AWS does not know this key: check aws_access_key_id and the session token"},
    {"InvalidSignatureException", "",
     "the signature does not fit: check aws_secret_access_key, and this machine's clock"},
    {"SignatureDoesNotMatch", "", "the signature does not fit: check aws_secret_access_key, and this machine's clock"},
    {"ExpiredTokenException", "", "the session token has expired: get a new one"},
    {"ExpiredToken", "", "the session token has expired: get a new one"},
    {"OptInRequired", "", "this account has not signed up for the service or the region"},
    {"ThrottlingException", "", "AWS is throttling this account: try again later"},
    {"ServerException", "", "AWS itself has trouble: try again later"},
    {"InvalidParameterException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"ClientException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"ValidationException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"SerializationException", "", "a keyword argument has the wrong type: mend the one that AWS names"},
    {"AGENT", "", "the cluster's EC2 instances are not connected: for Fargate leave launch_type at FARGATE"},
    {"", "capacity is unavailable",
     "Fargate has no capacity there now: try again later, or name subnets of more zones"},
    {"", "resource:", "the cluster has no room for the task: give it capacity, or ask for less cpu and memory"},
};

/// `text` contains `part`, which is lower case, whatever the case of `text`.
[[nodiscard]] inline bool mentions(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char left, char right) { return text::to_lower(left) == right; }) != text.end();
}

/// The IAM action that a refusal names (`... is not authorized to perform: iam:PassRole on resource: ...`), else `usual`.
[[nodiscard]] inline std::string refused_action(std::string_view message, std::string_view usual) {
    constexpr std::string_view mark = "not authorized to perform: ";
    if (auto const at = message.find(mark); at != std::string_view::npos) {
        auto const rest = message.substr(at + mark.size());
        auto const action = rest.substr(0, rest.find_first_of(" \t,;"));
        bool const is_one = action.size() < 128 && action.find(':') != std::string_view::npos;
        if (is_one) return std::string{action};
    }
    return std::string{usual};
}

} // namespace detail

/// What a person can do about a call to AWS that failed; empty when nobody knows. `action` is the IAM action that the call
/// needs: `ecs:RunTask`. One clause, without what AWS itself said.
[[nodiscard]] inline std::string advice_for(error const& why, std::string_view action) {
    bool const denied =
        text::contains(why.service_code, "AccessDenied") || text::contains(why.message, "is not authorized to perform");
    if (denied) return "allow this key's user or role the IAM action " + detail::refused_action(why.message, action);
    switch (why.code) {
    case errc::not_configured:
        return "give a key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile in ~/.aws/credentials, or a task "
               "role";
    case errc::connection_failed:
    case errc::timed_out: return "check region_name (is there such a region?), the network, and the proxy's variables";
    case errc::untrusted_peer: return "check AWS_CA_BUNDLE, and whether a proxy stands between";
    case errc::cancelled: return {};
    default: break;
    }
    for (auto const& rule : detail::advice_rules) {
        bool const fits = (rule.code.empty() || rule.code == why.service_code) &&
                          (rule.wording.empty() || detail::mentions(why.message, rule.wording));
        if (fits) return std::string{rule.advice};
    }
    return {};
}

} // namespace fargate::inline v0::service

#endif
