#include "everything.hpp"

#include "second.hpp"

int main() {
    return second::lower() == &fargate::text::lower && second::version() == std::string_view{FARGATE_VERSION_STRING}
               ? 0
               : 1;
}
