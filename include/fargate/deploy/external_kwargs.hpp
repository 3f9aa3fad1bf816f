#ifndef FARGATE_DEPLOY_EXTERNAL_KWARGS_HPP
#define FARGATE_DEPLOY_EXTERNAL_KWARGS_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/bounded_cache.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/system/log.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// The key of a flow's own keyword arguments: `<prefix>/<slug of its name>/<first eight of its id>.json`. An empty prefix
/// or slug leaves out its part, a slash at the end of the prefix is not doubled, and everything else in it is kept.
[[nodiscard]] inline std::string external_key(prefect::flow const& flow, settings const& with) {
    std::string key = with.external.key;
    for (auto const& part : {slug_of(flow.name, with), flow.id8() + ".json"}) {
        if (part.empty()) continue;
        if (!key.empty() && key.back() != '/') key += '/';
        key += part;
    }
    return key;
}

namespace detail {

/// Keeps lines, so that they can be told with the place that they are about.
struct kept_lines {
    std::vector<std::string> lines{};
    void write(log_level, std::string_view text) { lines.emplace_back(text); }
};

/// Which launch type runs is the agent's matter. Taken out of `given`; the line to say about it, empty when it was not
/// there. Requires an object.
[[nodiscard]] inline std::string take_launch_type(json::value& given) {
    std::string line;
    for (std::string const name : {"launchType", "launch_type"}) {
        if (json::member(given, name) != nullptr)
            line = name + " cannot be set there and is ignored: set the agent's option launch_type";
        given.erase(name);
    }
    return line;
}

} // namespace detail

/// Keyword arguments that a flow has for itself, a JSON object in S3 where the settings say. `S3` has `get_object`, as
/// `aws::s3`; it, the settings and `log` are kept as references. May be used from several threads at once as far as these
/// may. With `settings::strict`, what would be a warning about the file's content is an error.
template <class S3, log_policy Log>
class external_kwargs {
public:
    /// So many objects, and so many bytes of them, are kept to be compared.
    static constexpr std::size_t most_objects = 1000;
    static constexpr std::size_t most_bytes = 4 * 1024 * 1024;

    external_kwargs(S3& s3, settings const& with, Log& log) : s3_{s3}, with_{with}, log_{log} {}

    /// What is kept for a flow, to be put over the agent's own with `replace`; nothing when S3 has no such object. An
    /// object that may not be read counts as none, with a warning: S3 also says that of one that is not there when the
    /// bucket may not be listed. Any other failure to read it, and content that is no such object, is an error that names
    /// the object; no value of it is ever told.
    /// Each call asks S3 anew, for the object if it has changed: what is put there counts from the next run on.
    [[nodiscard]] result<std::optional<kwargs>> fetch(prefect::flow const& flow, std::stop_token stop = {}) const {
        std::string const& bucket = with_.external.bucket;
        std::string const key = external_key(flow, with_);
        std::string const place = "external kwargs s3://" + bucket + "/" + key;
        log_.write(log_level::info, "Fetching external kwargs from S3");
        log_.write(log_level::debug, "Looking for " + place);
        auto known = kept_.find(key);
        auto object = s3_.get_object(
            {.bucket = bucket, .key = key, .if_none_match = known ? known->etag : std::string{}}, std::move(stop));
        bool const same = !object && known && object.error().http_status == 304;
        if (object) keep(key, object->etag, object->body);
        if (!object && !same) {
            error why = std::move(object).error();
            bool const denied = why.service_code == "AccessDenied";
            bool const no_bucket = why.service_code == "NoSuchBucket";
            if (denied)
                log_.write(log_level::warning,
                           "Access to " + place +
                               " is denied, going on without: allow s3:GetObject on the object, and "
                               "s3:ListBucket on the bucket to tell denied from missing");
            else if (no_bucket)
                log_.write(log_level::warning,
                           "There is no bucket " + bucket +
                               ", going on without external kwargs: check external_kwargs_s3_bucket");
            else if (why.service_code != "NoSuchKey")
                return at(place, std::move(why));
            kept_.drop(key);
            log_.write(log_level::info, "Flow id " + flow.id8() + " does not have external kwargs.");
        }
        log_.write(log_level::info, "Updating default kwargs with external");
        if (!object && !same) return std::optional<kwargs>{};
        auto read = read_object(place, same ? known->body : object->body);
        if (!read) return at(place, std::move(read).error());
        return std::optional{*std::move(read)};
    }

private:
    struct kept_object {
        std::string etag;
        std::string body;
    };

    /// Only a strong ETag tells that not one byte has changed.
    void keep(std::string const& key, std::string const& etag, std::string const& body) const {
        if (etag.starts_with('"'))
            kept_.put(key, {etag, body}, key.size() + etag.size() + body.size());
        else
            kept_.drop(key);
    }

    [[nodiscard]] static error at(std::string const& place, error why) {
        why.message = place + ": " + why.message;
        return why;
    }

    [[nodiscard]] result<kwargs> read_object(std::string const& place, std::string_view body) const {
        auto given = json::parse(body);
        if (!given) return fail(errc::invalid_argument, given.error().message);
        if (!given->is_object()) return detail::wrong_type("it", kwarg_type::object, detail::article_and_type(*given));
        detail::kept_lines told;
        if (auto line = detail::take_launch_type(*given); !line.empty()) told.lines.push_back(std::move(line));
        auto read = read_kwargs(*given, told, with_.strict);
        if (!read) return read;
        if (with_.strict && !told.lines.empty()) return fail(errc::invalid_argument, told.lines.front());
        for (auto const& line : told.lines) log_.write(log_level::warning, place + ": " + line);
        return read;
    }

    S3& s3_;
    settings const& with_;
    Log& log_;
    mutable bounded_cache<kept_object> kept_{most_objects, most_bytes};
};

} // namespace fargate::inline v0::deploy

#endif
