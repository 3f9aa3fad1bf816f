// An HTTP policy that sends under another name.
//
// expect: http_policy
// expect: h.send(r)

#include "archetypes/archetypes.hpp"

#include <fargate/aws/parts.hpp>

struct wrong_http {
#ifdef MENDED
    fargate::result<fargate::http::response> send(fargate::http::request const&);
#else
    fargate::result<fargate::http::response> request(fargate::http::request const&);
#endif
};

struct keys {
    fargate::result<fargate::credentials::access_key> fetch(wrong_http&, archetypes::clock&,
                                                            archetypes::environment const&);
};

struct bundle : archetypes::bundle {
    using http = wrong_http;
    using credentials = keys;
};

using used = fargate::aws::parts<bundle>;
