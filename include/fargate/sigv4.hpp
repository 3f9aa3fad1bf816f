#ifndef FARGATE_SIGV4_HPP
#define FARGATE_SIGV4_HPP

// The front door to signing alone: needs OpenSSL and the standard library, no libcurl and no JSON.

#include <fargate/crypto/openssl.hpp>
#include <fargate/sigv4/canonical.hpp>
#include <fargate/sigv4/check.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/sigv4/sign.hpp>
#include <fargate/sigv4/signing_key.hpp>
#include <fargate/version.hpp>

#endif
