// An environment policy that cannot be asked while const.
//
// expect: environment_policy
// expect: e.variable(name)

#include <fargate/system/environment.hpp>

struct wrong_environment {
#ifdef MENDED
    std::optional<std::string> variable(std::string_view) const;
#else
    std::optional<std::string> variable(std::string_view);
#endif
    fargate::result<std::string> read_file(std::string_view) const;
};

void take(fargate::environment_policy auto& environment);
void use(wrong_environment& environment) { take(environment); }
