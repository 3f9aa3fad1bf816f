#define FARGATE_COMPILED
#include <fargate/compiled.hpp>
