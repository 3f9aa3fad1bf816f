// An HTTP policy whose send has no room for an error.
//
// expect: http_policy
// expect: h.send(r)

#include <fargate/http/policy.hpp>

struct wrong_http {
#ifdef MENDED
    fargate::result<fargate::http::response> send(fargate::http::request const&);
#else
    fargate::http::response send(fargate::http::request const&);
#endif
};

void take(fargate::http_policy auto& http);
void use(wrong_http& http) { take(http); }
