#ifndef FARGATE_AWS_S3_ADDRESS_HPP
#define FARGATE_AWS_S3_ADDRESS_HPP

#include <fargate/aws/endpoint.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/aws/region.hpp>
#include <fargate/aws/s3_options.hpp>
#include <fargate/core/result.hpp>
#include <fargate/text/ascii.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// A bucket's endpoint and what goes before the key's path: empty, or `/bucket`.
struct bucket_address {
    endpoint where{};
    std::string path{};
};

namespace detail {

/// 3 to 63 of `a-z 0-9 -`, at the edges no dash. A dot would not match the certificate of `*.s3...`.
[[nodiscard]] constexpr bool fits_host(std::string_view bucket) noexcept {
    return bucket.size() >= 3 && is_host_label(bucket);
}

[[nodiscard]] constexpr bool is_ip_address(std::string_view host) noexcept {
    if (host.starts_with('[')) return true;
    return host.substr(0, host.find(':')).find_first_not_of("0123456789.") == std::string_view::npos;
}

[[nodiscard]] inline result<void> check_bucket(std::string_view bucket) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    if (bucket.starts_with("arn:")) return refuse("access point ARNs are not supported: name the bucket itself");
    if (bucket.ends_with(".mrap"))
        return refuse("multi-region access points are not supported: name the bucket itself");
    if (bucket.ends_with("--op-s3")) return refuse("S3 on Outposts is not supported: use a bucket of a region");
    if (bucket.ends_with("--x-s3") || bucket.ends_with("--xa-s3"))
        return refuse("directory buckets (S3 Express) are not supported: use a general purpose bucket");
    if (bucket.empty() || bucket.size() > 255) return refuse("a bucket name has 1 to 255 characters");
    for (char const c : bucket)
        if (!text::is_alnum(c) && c != '.' && c != '-' && c != '_')
            return refuse("a bucket name consists of letters, digits, dots, dashes and underscores");
    if (bucket == "." || bucket == "..") return refuse("a bucket name is more than dots");
    return {};
}

} // namespace detail

/// The address of a bucket. Refuses names that are none, access points and directory buckets, and what cannot go
/// together (acceleration with FIPS, an endpoint URL or a bucket that does not fit into a host name; FIPS in China).
/// Regional hosts always, us-east-1 included: the old global host sends the buckets of other regions elsewhere.
[[nodiscard]] inline result<bucket_address> address_of(std::string_view bucket, target const& to,
                                                       s3_options const& options) {
    auto const refuse = [](char const* why) { return fail(errc::bad_configuration, why); };
    if (auto const name = detail::check_bucket(bucket); !name) return name.error();
    bool const global = to.region == "aws-global";
    auto const style = options.style.value_or(addressing::automatic);
    bool const accelerate = options.accelerate.value_or(false);
    bool const in_host = style != addressing::path && detail::fits_host(bucket);
    std::string const region = global ? "us-east-1" : to.region;
    std::string const label = std::string{bucket} + ".";
    std::string const segment = "/" + std::string{bucket};

    if (to.custom) {
        if (accelerate) return refuse("S3 acceleration has its own host: leave out the endpoint URL");
        endpoint where = *to.custom;
        where.region = region;
        bool const plain = style == addressing::automatic || detail::is_ip_address(where.host);
        if (!in_host || plain) return bucket_address{std::move(where), segment};
        where.authority = label + where.authority;
        where.host = label + where.host;
        return bucket_address{std::move(where), {}};
    }

    partition const& within = partition_of(to.region);
    std::string const dual = to.use_dualstack ? ".dualstack" : "";
    std::string const suffix = "." + std::string{within.dns_suffix};
    if (to.use_fips && !within.s3_fips) return refuse("S3 has no FIPS endpoints in this partition");
    if (accelerate) {
        if (!in_host) return refuse("S3 acceleration needs a bucket name that fits into a host name, without dots");
        if (to.use_fips) return refuse("S3 acceleration has no FIPS endpoints");
        if (!within.s3_accelerate) return refuse("S3 acceleration is not available in this region");
        return bucket_address{endpoint_at(label + "s3-accelerate" + dual + suffix, region), {}};
    }
    bool const old_host = global && !to.use_fips && !to.use_dualstack;
    std::string const host =
        std::string{to.use_fips ? "s3-fips" : "s3"} + dual + (old_host ? "" : "." + region) + suffix;
    if (in_host) return bucket_address{endpoint_at(label + host, region), {}};
    return bucket_address{endpoint_at(host, region), segment};
}

/// S3's ways of saying that a bucket lives in another region. HEAD has no body to say it in, and a bare 400 then may mean
/// an expired token as well.
[[nodiscard]] inline bool is_redirect(service_failure const& said, std::string_view method) noexcept {
    if (said.status == 301 || said.status == 302 || said.status == 307) return true;
    if (said.status != 400) return false;
    if (said.code == "AuthorizationHeaderMalformed" || said.code == "IllegalLocationConstraintException") return true;
    return said.code == "400" && (method == "HEAD" || !said.redirect_region.empty());
}

/// Whether S3's word for a bucket's region can be followed from here: it becomes part of a host name, and a key of one
/// partition is nothing in another.
[[nodiscard]] inline bool leads_on(std::string_view region, target const& from) noexcept {
    return region != from.region && is_host_label(region) && partition_of(region).id == partition_of(from.region).id;
}

} // namespace fargate::inline v0::aws

#endif
