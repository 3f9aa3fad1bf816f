// A flow source that cannot be told of a failure.
//
// expect: flow_source
// expect: s.failed(run, text)

#include "archetypes/archetypes.hpp"

struct wrong_source : archetypes::source {
#ifndef MENDED
    void failed(run const&, std::string_view) = delete;
#endif
};

void take(fargate::flow_source auto& source);
void use(wrong_source& source) { take(source); }
