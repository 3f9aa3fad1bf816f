#ifndef FARGATE_SERVICE_CHECKUP_HPP
#define FARGATE_SERVICE_CHECKUP_HPP

#include <fargate/core/error.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/advice.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/task_calls.hpp>

#include <algorithm>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Asks Prefect and AWS whether they would do what an agent needs of them, without doing it: each question is one that
/// reads, or, of StopTask, one about a task that cannot exist. What only doing would tell is not asked: whether ECS takes the
/// definition, starts a task, and passes it its roles. What is stopped has found nothing.
class checkup {
public:
    checkup(deploy::settings const& with, protocol const& rules, std::stop_token stop) :
        with_{with}, rules_{rules}, stop_{std::move(stop)} {}

    /// Whether the API is there, lets this agent in and knows its tenant. `Source` has `visit`.
    template <class Source>
    void ask_prefect(Source& source) {
        auto const let_in = source.visit(stop_);
        if (let_in || let_in.error().code == errc::cancelled) return;
        auto const& why = let_in.error();
        bool const key = !with_.api_key.empty();
        char const* const where = why.code == errc::not_found      ? "agent_config_id"
                                  : why.code != errc::unauthorized ? "api"
                                  : key                            ? "api_key"
                                                                   : "token";
        found_.push_back({where, why.message, {}});
    }

    /// Whether there is a key. False when there is none, and nothing more can be asked of AWS.
    bool ask_credentials(error const* why) {
        if (why != nullptr && why->code != errc::cancelled)
            found_.push_back({"credentials", why->message, advice_for(*why, "sts:GetCallerIdentity")});
        return why == nullptr;
    }

    /// What the switches that are on need of ECS. `Ecs` as `aws::ecs`.
    template <class Ecs>
    void ask_ecs(Ecs& ecs) {
        json::value family = json::value::object();
        json::set_text(family, "taskDefinition", "prefect-task-00000000");
        judge([&] { return ecs.describe_task_definition(family, stop_); }, "ecs:DescribeTaskDefinition",
              "no run can be launched", {});
        ask_cluster(ecs);
        auto tasks = in_cluster();
        json::set(tasks, "tasks", json::texts({no_task}));
        if (rules_.watch || rules_.reconcile)
            judge([&] { return ecs.describe_tasks(tasks, stop_); }, "ecs:DescribeTasks", "nobody is told how tasks end",
                  switches(rules_.watch));
        auto ours = in_cluster();
        json::set(ours, "startedBy", rules_.fleet);
        if (rules_.reconcile)
            judge([&] { return ecs.list_tasks(ours, stop_); }, "ecs:ListTasks",
                  "tasks that an agent left behind are not found", switches(false));
        auto one = in_cluster();
        json::set(one, "task", no_task);
        json::set_text(one, "reason", "a check that needs a task which does not exist");
        if (rules_.watch || rules_.reconcile)
            judge([&] { return ecs.stop_task(one, stop_); }, "ecs:StopTask",
                  "tasks of cancelled flow runs, and tasks that run too long, go on", switches(rules_.watch));
    }

    /// Whether revisions can be searched. `Tagging` as `aws::tagging`.
    template <class Tagging>
    void ask_tagging(Tagging& tagging) {
        if (!with_.enable_task_revisions || silent_) return;
        json::value filter = json::value::object();
        json::set_text(filter, "Key", deploy::flow_id_tag);
        json::set(filter, "Values", json::texts({"00000000"}));
        json::value input = json::value::object();
        json::set(input, "TagFilters", json::value::array());
        input["TagFilters"].push_back(std::move(filter));
        json::set(input, "ResourceTypeFilters", json::texts({"ecs:task-definition"}));
        judge([&] { return tagging.all_resources(input, stop_); }, "tag:GetResources",
              "revisions of older flow versions are registered again", "enable_task_revisions=false");
    }

    /// Whether flows' own arguments can be fetched. `S3` as `aws::s3`.
    template <class S3>
    void ask_s3(S3& s3) {
        if (!with_.external.enabled || with_.external.bucket.empty() || silent_) return;
        std::string key = with_.external.key;
        if (!key.empty() && key.back() != '/') key += '/';
        auto const got = s3.get_object({.bucket = with_.external.bucket, .key = key + "00000000.json"}, stop_);
        if (got || got.error().service_code == "NoSuchKey") return;
        auto const& why = got.error();
        if (why.code == errc::cancelled) return;
        if (is_denied(why))
            found_.push_back({"s3:GetObject", "access to s3://" + with_.external.bucket + "/" + key + " is denied",
                              "allow it there, and s3:ListBucket on the bucket, which tells denied from missing"});
        else
            found_.push_back({"external_kwargs_s3_bucket", why.message, advice_for(why, "s3:GetObject")});
    }

    [[nodiscard]] std::vector<deploy::finding> take() && { return std::move(found_); }

private:
    static constexpr char const* no_task = "00000000000000000000000000000000";

    /// Empty: the default one.
    [[nodiscard]] std::string cluster() const {
        return std::string{json::text_of(with_.kwargs.run, "cluster").value_or("")};
    }

    [[nodiscard]] json::value in_cluster() const {
        auto made = json::value::object();
        if (auto name = cluster(); !name.empty()) json::set(made, "cluster", std::move(name));
        return made;
    }

    /// The options that do without a call which reconciling needs, and watching, too, perhaps.
    [[nodiscard]] std::string switches(bool watch) const {
        std::string made = watch ? "--no-watch" : "";
        if (rules_.reconcile) made.append(made.empty() ? "" : " ").append("--no-reconcile");
        return made;
    }

    /// Who may not describe clusters hears of a missing one from the other calls.
    template <class Ecs>
    void ask_cluster(Ecs& ecs) {
        if (silent_) return;
        auto input = json::value::object();
        if (auto const name = cluster(); !name.empty()) json::set(input, "clusters", json::texts({name}));
        auto const got = ecs.describe_clusters(input, stop_);
        if (!got) return;
        if (got->clusters.empty()) return missing_cluster();
        auto const& status = got->clusters[0].status;
        if (!status.empty() && status != "ACTIVE")
            found_.push_back({"cluster", "it is " + status + ", and takes no tasks", "name one that is ACTIVE"});
    }

    void missing_cluster() {
        bool const told = std::any_of(found_.begin(), found_.end(),
                                      [](deploy::finding const& each) { return each.path == "cluster"; });
        auto const name = cluster();
        if (!told)
            found_.push_back(
                {"cluster", "there is no cluster " + (name.empty() ? "default" : name) + " in this region and account",
                 "create it, or name another"});
    }

    /// A refusal that is about what was asked for, and not about who asks, is the answer that was hoped for.
    template <class Ask>
    void judge(Ask const& ask, std::string_view action, std::string_view loss, std::string const& without) {
        if (silent_) return;
        auto const answer = ask();
        if (answer) return;
        auto const& why = answer.error();
        if (is_denied(why)) {
            found_.push_back({std::string{action}, "this agent may not call it: " + std::string{loss},
                              without.empty() ? "allow it" : "allow it, or start with " + without});
        } else if (why.service_code == "ClusterNotFoundException") {
            missing_cluster();
        } else if (!is_about_the_object(why)) {
            silent_ = true;
            if (why.code == errc::cancelled) return;
            bool const key = (why.http_status == 400 || why.http_status == 403) && !why.retryable;
            found_.push_back({key ? "credentials" : "aws", why.message, advice_for(why, action)});
        }
    }

    [[nodiscard]] static bool is_about_the_object(error const& why) noexcept {
        return why.service_code == "ClientException" || why.service_code == "InvalidParameterException";
    }

    deploy::settings const& with_;
    protocol const& rules_;
    std::stop_token stop_;
    std::vector<deploy::finding> found_;
    bool silent_ = false; ///< AWS does not answer, or not to this key, which is told once
};

/// The findings about arguments that nobody could read, and those about the others. An argument that is left out because it
/// cannot be read is not missing.
inline void add_findings(std::vector<deploy::finding>& into, std::vector<deploy::finding> more) {
    auto const argument = [](std::string_view path) {
        constexpr std::string_view variable = "environment variable ";
        if (path.starts_with(variable)) path.remove_prefix(variable.size());
        return path.substr(0, path.find_first_of(".["));
    };
    auto const told = into.size();
    for (auto& each : more) {
        bool const known = std::any_of(
            into.begin(), into.begin() + static_cast<std::ptrdiff_t>(told),
            [&](deploy::finding const& one) { return !one.path.empty() && argument(one.path) == argument(each.path); });
        if (!known) into.push_back(std::move(each));
    }
}

} // namespace fargate::inline v0::service

#endif
