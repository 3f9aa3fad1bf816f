#include <fargate/prefect/settings.hpp>

#include "support/catch.hpp"

using namespace fargate;
using prefect::backend;

TEST_CASE("the api's address loses its trailing slashes and always has a path") {
    struct row {
        char const* configured;
        char const* sent;
        bool secure;
    };
    for (auto const& each :
         {row{"http://h:4200", "http://h:4200/", false}, row{"http://h:4200/", "http://h:4200/", false},
          row{"http://h:4200///", "http://h:4200/", false},
          row{"http://h:4200/graphql", "http://h:4200/graphql", false},
          row{"http://h:4200/graphql/", "http://h:4200/graphql", false},
          row{"https://api.prefect.io", "https://api.prefect.io/", true},
          row{"HTTPS://api.prefect.io", "HTTPS://api.prefect.io/", true},
          row{"http://[::1]:4200", "http://[::1]:4200/", false}, row{"http://h?a=b", "http://h/?a=b", false},
          row{"http://h/p?a=b", "http://h/p?a=b", false}}) {
        INFO(each.configured);
        prefect::settings options;
        options.api = each.configured;
        auto const where = prefect::endpoint_of(options);
        REQUIRE(where);
        CHECK(where->url == each.sent);
        CHECK(where->secure == each.secure);
    }
}

TEST_CASE("without an address the backend's own is used") {
    prefect::settings options;
    CHECK(prefect::endpoint_of(options)->url == "https://api.prefect.io/");
    options.backend = backend::server;
    CHECK(prefect::endpoint_of(options)->url == "http://localhost:4200/");
    options.api = "/";
    CHECK_FALSE(prefect::endpoint_of(options));
}

TEST_CASE("an address that cannot be posted to is refused by the option's name") {
    for (char const* const api : {"localhost:4200", "ftp://h/", "http://", "https://h:99999", "http://h/ x",
                                  "http://h/#a", "https://me:hunter2@h/", "http://h\r\nX: y"}) {
        INFO(api);
        prefect::settings options;
        options.api = api;
        auto const where = prefect::endpoint_of(options);
        REQUIRE_FALSE(where);
        CHECK(where.error().code == errc::bad_configuration);
        CHECK(where.error().message.find("PREFECT__CLOUD__API") != std::string::npos);
        CHECK(where.error().message.find("hunter2") == std::string::npos);
        CHECK(where.error().message.find('\n') == std::string::npos);
    }
}

TEST_CASE("a token, key, tenant or version that would break out of its header field is refused without being shown") {
    for (char const* const text : {"abc\r\nX-Evil: 1", "abc\n", "a\x7F", "a\x01"}) {
        prefect::settings options;
        options.token = secret{text};
        auto const with_token = prefect::endpoint_of(options);
        REQUIRE_FALSE(with_token);
        CHECK(with_token.error().code == errc::bad_configuration);
        CHECK(with_token.error().message.find("abc") == std::string::npos);

        options.token = {};
        options.core_version = text;
        CHECK_FALSE(prefect::endpoint_of(options));

        prefect::settings with_key;
        with_key.api_key = secret{text};
        REQUIRE_FALSE(prefect::endpoint_of(with_key));
        CHECK(prefect::endpoint_of(with_key).error().message.find("abc") == std::string::npos);
        with_key.api_key = secret{"abc"};
        CHECK(prefect::endpoint_of(with_key));
        with_key.tenant_id = text;
        REQUIRE_FALSE(prefect::endpoint_of(with_key));
        CHECK(prefect::endpoint_of(with_key).error().message.find("tenant_id") != std::string::npos);
    }
}

TEST_CASE("7: announce a fixed core version, configurable; 0.14.4 and 0.14.9: the time-out stays at 30 s, and is "
          "configurable") {
    prefect::settings const options;
    CHECK(options.core_version == "0.13.19");
    CHECK(options.name == "agent");
    CHECK(options.limits.connect == std::chrono::seconds{30});
    CHECK(options.limits.idle == std::chrono::seconds{30});
}
