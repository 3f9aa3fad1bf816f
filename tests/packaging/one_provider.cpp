// A program for a board: AWS calls with keys from one place. PROVIDER is that place; symbols.py looks at what is left of the
// others, although the front door includes them all.

#include <fargate/aws.hpp>

#include <cstdio>

#ifndef PROVIDER
#define PROVIDER environment
#endif

struct board : fargate::aws::default_policies {
    using credentials = fargate::credentials::PROVIDER;
};

int main() {
    fargate::aws::parts<board> parts;
    fargate::aws::ecs<board> ecs{parts};
    auto const said = ecs.list_task_definitions(fargate::json::value::object());
    std::puts(said ? "called" : said.error().message.c_str());
    return said ? 0 : 1;
}
