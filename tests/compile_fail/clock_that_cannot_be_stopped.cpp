// A clock policy whose sleep takes no stop token.
//
// expect: clock_policy
// expect: c.sleep_for(d, stop)

#include <fargate/system/clock.hpp>

struct wrong_clock {
    fargate::time_point now();
#ifdef MENDED
    bool sleep_for(fargate::duration, std::stop_token);
#else
    bool sleep_for(fargate::duration);
#endif
};

void take(fargate::clock_policy auto& clock);
void use(wrong_clock& clock) { take(clock); }
