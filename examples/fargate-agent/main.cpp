#include "arguments.hpp"
#include "preflight.hpp"
#include "report.hpp"
#include "start.hpp"
#include "validate.hpp"

#ifdef FARGATE_ICU
#include <fargate/text/icu_transliteration.hpp>
#endif

#include <cstdio>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>
#include <utility>

namespace {

/// In yellow where somebody sees it, as Prefect says it.
void tell_deprecated() {
    bool const seen = isatty(STDERR_FILENO) == 1;
    std::fprintf(
        stderr, "%sWarning: `prefect agent start fargate` is deprecated, use `prefect agent fargate start` instead%s\n",
        seen ? "\x1b[33m" : "", seen ? "\x1b[0m" : "");
}

} // namespace

int main(int argc, char* argv[]) {
#ifdef __GLIBC__
    // Threads that wait for the network most of the time share one heap: each of its own would keep its largest size.
    mallopt(M_ARENA_MAX, 1);
#endif
    auto asked = read_arguments({argv + (argc > 0 ? 1 : 0), argv + argc});
    if (!asked) return report(asked.error(), 2);
    if (asked->deprecated) tell_deprecated();
#ifdef FARGATE_ICU
    asked->options.transliterate = fargate::text::icu_transliterate;
#endif
    switch (asked->what) {
    case command::kind::start: return start(std::move(asked->options));
    case command::kind::check: return check(std::move(asked->options));
    case command::kind::explain: return explain(std::move(asked->options), asked->run);
    case command::kind::validate: return validate(std::move(asked->options), asked->keep);
    case command::kind::say: std::fputs(asked->text.c_str(), asked->aloud ? stderr : stdout); return 0;
    }
    return 2;
}
