// An executor policy that nobody can wait for.
//
// expect: executor_policy
// expect: x.drain()

#include <fargate/system/executor.hpp>

struct wrong_executor {
    void submit(fargate::job);
    unsigned workers() const;
#ifdef MENDED
    void drain();
#endif
};

void take(fargate::executor_policy auto& executor);
void use(wrong_executor& executor) { take(executor); }
