// A credential policy of the wrong arguments.
//
// expect: credential_policy
// expect: c.fetch(http, clock, environment)

#include "archetypes/archetypes.hpp"

#include <fargate/aws/parts.hpp>

struct wrong_credentials {
#ifdef MENDED
    fargate::result<fargate::credentials::access_key> fetch(archetypes::http&, archetypes::clock&,
                                                            archetypes::environment const&);
#else
    fargate::result<fargate::credentials::access_key> fetch(archetypes::http&, archetypes::environment const&);
#endif
};

struct bundle : archetypes::bundle {
    using credentials = wrong_credentials;
};

using used = fargate::aws::parts<bundle>;
