// A flow source that cannot be told of a failure.
//
// expect: flow_source
// expect: s.failed(text, text, text, stop)

#include "archetypes/archetypes.hpp"

struct wrong_source : archetypes::source {
#ifndef MENDED
    void failed(std::string_view, std::string_view, std::string_view, std::stop_token) = delete;
#endif
};

void take(fargate::flow_source auto& source);
void use(wrong_source& source) { take(source); }
