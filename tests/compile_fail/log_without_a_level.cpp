// A log policy that takes no level.
//
// expect: log_policy
// expect: l.write(level, text)

#include <fargate/system/log.hpp>

struct wrong_log {
#ifdef MENDED
    void write(fargate::log_level, std::string_view);
#else
    void write(std::string_view);
#endif
};

void take(fargate::log_policy auto& log);
void use(wrong_log& log) { take(log); }
