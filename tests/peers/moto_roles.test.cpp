#include <fargate/aws.hpp>
#include <fargate/aws/sts.hpp>

#include "peers/peers.hpp"
#include "support/catch.hpp"

#include <stdlib.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

// Keys of roles over the real wire: moto's STS, which puts a role's caller into the role's own account. tests/peers/run.py
// starts moto, writes the shared files, and runs this without a key; started alone, it says so and does nothing.

namespace aws = fargate::aws;
using fargate::errc;
using peers::variable;
using peers::why;

namespace {

bool there_is_moto() { return peers::there_is("FARGATE_MOTO_ROLE"); }

/// Variables of the environment, for as long as this lives.
class variables {
public:
    explicit variables(std::vector<std::pair<std::string, std::string>> list) : list_{std::move(list)} {
        for (auto const& [name, value] : list_) ::setenv(name.c_str(), value.c_str(), 1);
    }
    ~variables() {
        for (auto const& [name, value] : list_) ::unsetenv(name.c_str());
    }
    variables(variables const&) = delete;
    variables& operator=(variables const&) = delete;

private:
    std::vector<std::pair<std::string, std::string>> list_;
};

/// A world with a key that is given in it.
struct keyed : aws::default_policies {
    using credentials = fargate::credentials::fixed;
};

/// The clusters that are seen with the world's key.
template <class Policies>
std::vector<std::string> clusters_seen(aws::parts<Policies>& parts) {
    aws::ecs<Policies> ecs{parts};
    auto const answer = ecs.describe_clusters({{"clusters", {"of-the-role", "fargate-peers"}}});
    INFO(why(answer));
    REQUIRE(answer);
    std::vector<std::string> made;
    for (auto const& each : answer->clusters) made.push_back(each.name);
    return made;
}

/// What is so of a program whose environment names no key but a way to one: it is the role, and sees the role's account.
void is_the_role(std::string const& session) {
    aws::parts<> parts{};
    aws::sts<aws::default_policies> sts{parts};
    auto const caller = sts.get_caller_identity();
    INFO(why(caller));
    REQUIRE(caller);
    CHECK(caller->account == "111122223333");
    CHECK(caller->arn == "arn:aws:sts::111122223333:assumed-role/fargate-peers/" + session);
    CHECK(clusters_seen(parts) == std::vector<std::string>{"of-the-role"});
}

} // namespace

TEST_CASE("STS says whose key it is, and gives one of a role") {
    if (!there_is_moto()) return;
    aws::parts<keyed> parts{};
    parts.credentials = fargate::credentials::fixed{"testing", fargate::secret{"testing"}};
    aws::sts<keyed> sts{parts};
    auto const mine = sts.get_caller_identity();
    INFO(why(mine));
    REQUIRE(mine);
    CHECK(mine->account == "123456789012");
    CHECK(clusters_seen(parts) == std::vector<std::string>{"fargate-peers"});

    aws::role_request role;
    role.role_arn = variable("FARGATE_MOTO_ROLE");
    role.session_name = "by-hand";
    role.external_id = "peers";
    role.duration = std::chrono::seconds{900};
    auto const key = sts.assume_role(role);
    INFO(why(key));
    REQUIRE(key);
    CHECK(key->id.starts_with("ASIA"));
    CHECK_FALSE(key->session_token.empty());
    CHECK(key->account_id == "111122223333");
    REQUIRE(key->expires);
    auto const left = *key->expires - parts.clock.now();
    CHECK(left > std::chrono::minutes{5});
    CHECK(left <= std::chrono::minutes{16});

    aws::parts<keyed> role_parts{};
    role_parts.credentials = fargate::credentials::fixed{*key};
    aws::sts<keyed> role_sts{role_parts};
    auto const theirs = role_sts.get_caller_identity();
    INFO(why(theirs));
    REQUIRE(theirs);
    CHECK(theirs->arn == "arn:aws:sts::111122223333:assumed-role/fargate-peers/by-hand");
    CHECK(clusters_seen(role_parts) == std::vector<std::string>{"of-the-role"});
}

TEST_CASE("a profile with a role and a source profile calls ECS as the role") {
    if (!there_is_moto()) return;
    variables const set{{{"AWS_PROFILE", "by-role"}}};
    is_the_role("by-role");
}

TEST_CASE("a profile whose role is opened by another role calls ECS as the last one") {
    if (!there_is_moto()) return;
    variables const set{{{"AWS_PROFILE", "by-two-roles"}}};
    is_the_role("by-two");
}

TEST_CASE("a web identity's token file opens a role, from the profile and from the environment") {
    if (!there_is_moto()) return;
    {
        variables const set{{{"AWS_PROFILE", "by-token"}}};
        is_the_role("by-token");
    }
    variables const set{{{"AWS_WEB_IDENTITY_TOKEN_FILE", variable("FARGATE_MOTO_TOKEN")},
                         {"AWS_ROLE_ARN", variable("FARGATE_MOTO_ROLE")},
                         {"AWS_ROLE_SESSION_NAME", "by-file"}}};
    is_the_role("by-file");
}
