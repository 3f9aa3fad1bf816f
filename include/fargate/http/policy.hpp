#ifndef FARGATE_HTTP_POLICY_HPP
#define FARGATE_HTTP_POLICY_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <concepts>

namespace fargate::inline v0 {

/// One request, one response, on the wire. (What other libraries call a transport.)
///
/// | expression  | type                     | contract                                                                  |
/// |-------------|--------------------------|---------------------------------------------------------------------------|
/// | `h.send(r)` | `result<http::response>` | performs the exchange `r` (an `http::request const&`) once                 |
///
/// - Sends the caller's method, target, fields and body exactly; adds only what frames an HTTP message (`Content-Length`
///   and, when the caller gave none, `Host`). Adds no field that a signature would have to cover.
/// - A 4xx or 5xx is a response. An error means that there was none: `timed_out`, `connection_failed`, `untrusted_peer`,
///   `too_large`, `cancelled`, `malformed_response`, or `invalid_argument` when nothing was sent.
/// - Follows no redirect, repeats nothing, keeps no cookie, and decodes no content coding.
/// - Honours `r.limits` and `r.stop`, and never throws.
/// - Where `r.sink` is set: `begin` once when the head of a 2xx answer is there (also of one without a body), `take` for
///   every piece of its body, in order; the response then has an empty `body`, and `limits.body` does not count. False from
///   either ends the exchange with `cancelled`. When the body breaks off, the sink has had what came. The bodies of other
///   answers go into the response as ever. A policy that does not know sinks passes `r.sink` over and is still a policy.
/// - When `r.ca_file` is set and the address says https, trusts the authorities in that file and no others. A policy with TLS
///   of its own that cannot be told refuses such a request with `bad_configuration` and sends nothing; to go on with other
///   authorities would be to trust whom the user excluded. One without TLS, as a line of one's own, has nothing to refuse.
/// - May be called from as many threads as the executor beside it has; a model with one handle goes with
///   `inline_executor`.
template <class Http>
concept http_policy = requires(Http& h, http::request const& r) {
    { h.send(r) } -> std::same_as<result<http::response>>;
};

} // namespace fargate::inline v0

#endif
