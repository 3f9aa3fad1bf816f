#include "arguments.hpp"
#include "demo.hpp"
#include "start.hpp"

#include <cstdio>

int main(int argc, char* argv[]) {
    auto const asked = read_arguments({argv + 1, argv + argc});
    if (!asked) {
        std::fprintf(stderr, "fargate-agent: %s\n", asked.error().message.c_str());
        return 2;
    }
    switch (asked->what) {
    case command::kind::start: return start(asked->options);
    case command::kind::demo: return demo(asked->plain, asked->verbose);
    case command::kind::say: std::fputs(asked->text.c_str(), stdout); return 0;
    }
    return 2;
}
