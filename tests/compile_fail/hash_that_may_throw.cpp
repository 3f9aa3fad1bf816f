// A hash policy that is not noexcept.
//
// expect: hash_policy
// expect: h.sha256(data)

#include "archetypes/archetypes.hpp"

#include <fargate/aws/parts.hpp>

struct wrong_hash {
#ifdef MENDED
    fargate::crypto::digest sha256(std::string_view) const noexcept;
#else
    fargate::crypto::digest sha256(std::string_view) const;
#endif
    fargate::crypto::digest hmac_sha256(std::string_view, std::string_view) const noexcept;
};

struct bundle : archetypes::bundle {
    using hash = wrong_hash;
};

using used = fargate::aws::parts<bundle>;
