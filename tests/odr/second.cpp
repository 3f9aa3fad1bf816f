#include "everything.hpp"

#include "second.hpp"

second::lower_function second::lower() { return &fargate::text::lower; }

std::string_view second::version() { return FARGATE_VERSION_STRING; }
