#ifndef FARGATE_TESTS_HTTP_DIRECT_HPP
#define FARGATE_TESTS_HTTP_DIRECT_HPP

#include <fargate/http/curl_options.hpp>

/// Options that reach the loopback whatever proxy the environment names.
inline fargate::curl_options direct() {
    fargate::curl_options made;
    made.no_proxy = "*";
    return made;
}

#endif
