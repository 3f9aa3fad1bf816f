#ifndef FARGATE_TESTS_BENCH_CALLS_HPP
#define FARGATE_TESTS_BENCH_CALLS_HPP

#include "server.hpp"
#include "signing.hpp"

#include <fargate/aws.hpp>

#include <nlohmann/json.hpp>

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

namespace bench {

/// The input of RunTask as the agent sends it: 1.5 KB.
inline fargate::json::value run_task_input() {
    fargate::json::value variables = fargate::json::value::array();
    for (auto const* name : {"PREFECT__CLOUD__API", "PREFECT__CLOUD__AGENT__LABELS", "PREFECT__CONTEXT__FLOW_RUN_ID",
                             "PREFECT__CONTEXT__FLOW_ID", "PREFECT__CLOUD__USE_LOCAL_SECRETS",
                             "PREFECT__LOGGING__LEVEL", "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS"})
        variables.push_back({{"name", name}, {"value", "91d3f5b7-2e4c-4a60-8b9d-100000000000 and more of that kind"}});
    return {{"taskDefinition", "prefect-task-a718df81"},
            {"cluster", "default"},
            {"launchType", "FARGATE"},
            {"clientToken", "ZyQhVn1mK0u7cXo3m1T0u0hJr4b9q8w7e6d5c4b3a2f"},
            {"startedBy", "fargate-4b2f0e7a"},
            {"networkConfiguration",
             {{"awsvpcConfiguration",
               {{"subnets", {"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}},
                {"securityGroups", {"sg-0123456789abcdef0"}},
                {"assignPublicIp", "DISABLED"}}}}},
            {"overrides", {{"containerOverrides", {{{"name", "flow"}, {"environment", variables}}}}}},
            {"tags", {{{"key", "team"}, {"value", "data"}}, {{"key", "stage"}, {"value", "production"}}}}};
}

struct call_policies : fargate::aws::default_policies {
    using credentials = fargate::credentials::fixed;
};

/// A signed RunTask over a connection that is kept, by us.
class our_call {
public:
    explicit our_call(server const& to) :
        parts_{.credentials = fargate::credentials::fixed{std::string{key_id}, std::string{key_secret}, session_token}},
        ecs_{parts_, {.region = "us-east-1", .endpoint_url = to.url()}} {}

    void make() {
        auto const answer = ecs_.run_task(input_);
        if (answer && answer->tasks.size() == 1 && answer->tasks[0].containers.size() == 2) return;
        std::fprintf(stderr, "%s\n", answer ? "the answer was not read" : answer.error().message.c_str());
        std::exit(1);
    }

private:
    fargate::json::value const input_ = run_task_input();
    fargate::aws::parts<call_policies> parts_;
    fargate::aws::ecs<call_policies> ecs_;
};

/// The same bytes by a bare easy handle of libcurl, signed beforehand; nobody reads the answer.
class bare_call {
public:
    explicit bare_call(server const& to) :
        host_{to.authority()}, url_{to.url() + "/"}, body_{fargate::json::write(run_task_input())} {
        auto const signature = signer_.sign(body_, session_token, host_, std::time(nullptr));
        fields_ = fields(signature);
        curl_easy_setopt(handle_, CURLOPT_URL, url_.c_str());
        curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, fields_);
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body_.c_str());
        curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &take);
        curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &received_);
    }
    bare_call(bare_call const&) = delete;
    bare_call& operator=(bare_call const&) = delete;
    ~bare_call() {
        curl_slist_free_all(fields_);
        curl_easy_cleanup(handle_);
    }

    void make() {
        received_.clear();
        if (curl_easy_perform(handle_) != CURLE_OK) std::abort();
    }

protected:
    curl_slist* fields(straight_line<low_level>::added const& signature) const {
        curl_slist* list = curl_slist_append(nullptr, "X-Amz-Target: AmazonEC2ContainerServiceV20141113.RunTask");
        list = curl_slist_append(list, "Content-Type: application/x-amz-json-1.1");
        for (auto const& each :
             {"Host: " + host_, "X-Amz-Date: " + std::string{signature.date}, "X-Amz-Security-Token: " + session_token,
              "Authorization: " + std::string{signature.authorization},
              std::string{"User-Agent: straight-line/1.0 md/libcurl"},
              std::string{"amz-sdk-invocation-id: 7b1f0c3e-4f3c-4c1c-8f43-2f6e0b6b8f11"},
              std::string{"amz-sdk-request: attempt=1"}})
            list = curl_slist_append(list, each.c_str());
        return list;
    }

    static std::size_t take(char* bytes, std::size_t, std::size_t count, void* to) {
        static_cast<std::string*>(to)->append(bytes, count);
        return count;
    }

    straight_line<low_level> signer_{key_id, key_secret};
    CURL* handle_ = curl_easy_init();
    std::string host_, url_, body_, received_;
    curl_slist* fields_ = nullptr;
};

/// What somebody writes by hand: the body dumped, signed in a straight line, sent, and the answer's tree looked into.
class hand_call : bare_call {
public:
    explicit hand_call(server const& to) :
        bare_call{to}, input_(nlohmann::json::parse(fargate::json::write(run_task_input()))) {}

    void make() {
        body_ = input_.dump();
        curl_slist* const list = fields(signer_.sign(body_, session_token, host_, std::time(nullptr)));
        curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, list);
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body_.c_str());
        bare_call::make();
        curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, fields_);
        curl_slist_free_all(list);
        auto const answer = nlohmann::json::parse(received_);
        if (answer["tasks"][0]["taskArn"].get<std::string>().empty()) std::abort();
    }

private:
    nlohmann::json input_;
};

} // namespace bench

#endif
