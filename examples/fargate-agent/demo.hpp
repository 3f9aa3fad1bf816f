#ifndef FARGATE_AGENT_DEMO_HPP
#define FARGATE_AGENT_DEMO_HPP

/// Serves a Prefect backend and AWS's ECS, S3 and tagging from this process over loopback HTTP, queues recorded flow runs,
/// runs the agent against them, and shows each run's way: a live table on a terminal, lines elsewhere or when `plain`.
/// `verbose` adds the agent's own log on standard error. Returns the exit status: 0 when every run ended as recorded.
[[nodiscard]] int demo(bool plain, bool verbose);

#endif
