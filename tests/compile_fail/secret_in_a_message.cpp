// A secret is no text, so no error message takes it.
//
// expect: secret

#include <fargate/core/error.hpp>
#include <fargate/core/secret.hpp>

fargate::error why(fargate::secret const& token) {
#ifdef MENDED
    static_cast<void>(token);
    return fargate::fail(fargate::errc::unauthorized, "the token was refused");
#else
    return fargate::fail(fargate::errc::unauthorized, "refused: " + token);
#endif
}
