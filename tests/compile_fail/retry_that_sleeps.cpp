// A retry policy that answers whether, and not when.
//
// expect: retry_policy
// expect: r.next(book, how)

#include <fargate/retry/policy.hpp>

struct wrong_retry {
#ifdef MENDED
    std::optional<fargate::duration> next(fargate::retry::progress&, fargate::retry::outcome const&);
#else
    bool next(fargate::retry::progress&, fargate::retry::outcome const&);
#endif
};

void take(fargate::retry::retry_policy auto& retry);
void use(wrong_retry& retry) { take(retry); }
