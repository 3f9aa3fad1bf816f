"""Reads an agent's metrics, as the compiled tests/peers/metrics.cpp prints them, with Prometheus' own strict parser."""

import subprocess

from prometheus_client.openmetrics.parser import text_string_to_metric_families

WANTED = {
    "fargate_polls_total": 2, "fargate_poll_failures_total": 1, "fargate_last_success_timestamp_seconds": 1700000000.25,
    "fargate_poll_duration_seconds_sum": 30.04, "fargate_launch_wait_seconds_count": 1,
    "fargate_launch_attempt_duration_seconds_sum": 10800, "fargate_watched_tasks": 5000,
}


def run(program):
    text = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout.decode("ascii")
    families = list(text_string_to_metric_families(text))
    samples = [each for family in families for each in family.samples]
    said = {each.name: each.value for each in samples if not each.labels}
    wrong = [f"{name} is {said.get(name)}, not {value}" for name, value in WANTED.items() if said.get(name) != value]
    ended = {each.labels["ending"]: each.value for each in samples if each.name == "fargate_tasks_ended_total"}
    if {name for name, value in ended.items() if value} != {"out_of_memory"}:
        wrong.append(f"tasks ended as {ended}")
    print(f"openmetrics: {len(families)} families, {len(samples)} samples", *wrong, sep="\n", flush=True)
    return not wrong
