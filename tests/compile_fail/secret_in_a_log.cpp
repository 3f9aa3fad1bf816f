// A secret is no text, so no log takes it.
//
// expect: secret

#include <fargate/core/secret.hpp>
#include <fargate/system/log.hpp>

void tell(fargate::null_log& log, fargate::secret const& token) {
#ifdef MENDED
    static_cast<void>(token);
    log.write(fargate::log_level::debug, "a token");
#else
    log.write(fargate::log_level::debug, token);
#endif
}
