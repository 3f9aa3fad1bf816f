#include <fargate/service/metrics.hpp>

#include <chrono>
#include <cstdio>
#include <tuple>

/// Prints the metrics of an agent that has done something, for a peer to read.
int main() {
    using namespace std::chrono_literals;
    fargate::service::health_book book;
    fargate::time_point const then{std::chrono::seconds{1'700'000'000} + 250ms};
    book.polled(then, 40ms);
    std::ignore = book.poll_failed(fargate::fail(fargate::errc::timed_out, "\"silent\"\n# EOF"), 30s);
    book.launched(90s);
    book.attempted(3h);
    book.task_ended("out_of_memory");
    book.watching(5'000);
    std::fputs(fargate::service::openmetrics(book.read()).c_str(), stdout);
}
