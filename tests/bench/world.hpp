#ifndef FARGATE_TESTS_BENCH_WORLD_HPP
#define FARGATE_TESTS_BENCH_WORLD_HPP

namespace bench {

/// Prefect and ECS on a free port of the loopback interface, for agents in processes of their own; prints its address. On
/// `add RUNS [FLOWS [LABELS]]` on standard input it queues so many runs more, of so many flows, with so many labels; every
/// line is answered with what has been asked of it so far. Ends with its input.
int world();

} // namespace bench

#endif
