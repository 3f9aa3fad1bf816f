"""Whole agents, in processes of their own, beside a Prefect and an ECS on the loopback interface.

CPU, memory and wake-ups are the kernel's account of the agent's process; what the fakes take is theirs.
"""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import time

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
NETWORK = "networkConfiguration={'awsvpcConfiguration': {'subnets': ['subnet-1']}}"
FAST = ["--launch-rate", "0", "--reconcile-interval", "86400"]


class world:
    """Prefect and ECS; `ask` gives what has been asked of them so far."""

    def __init__(self, bench):
        self.process = subprocess.Popen([str(bench), "world"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, line="tell"):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait(self, name, count, pause=0.02, patience=600):
        end = time.monotonic() + patience
        while (seen := self.ask())[name] < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{name} stayed at {seen[name]} of {count}")
            time.sleep(pause)
        return seen

    def settled(self, quiet=1.0):
        """What has been asked once nothing but polls has been for a while."""
        def others(seen):
            return {name: value for name, value in seen.items() if name not in ("polls", "prefect", "connections")} | {"rest": seen["prefect"] - seen["polls"]}

        last, since = self.ask(), time.monotonic()
        while time.monotonic() < since + quiet:
            time.sleep(0.05)
            seen = self.ask()
            if others(seen) != others(last):
                since = time.monotonic()
            last = seen
        return last


class process:
    """A program that runs until it is told to end, or is killed."""

    def __init__(self, command, variables, output=subprocess.DEVNULL):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_PROXY": "*", **variables}
        self.child = subprocess.Popen([str(each) for each in command], env=environment, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.returncode is None:
            self.killed()

    def tasks(self):
        return [each for each in pathlib.Path(f"/proc/{self.child.pid}/task").iterdir()]

    def cpu_ms(self):
        return sum(int((each / "schedstat").read_text().split()[0]) for each in self.tasks()) / 1e6

    def status(self, name, of=None):
        text = (of or pathlib.Path(f"/proc/{self.child.pid}") / "status").read_text()
        return int(text.split(f"{name}:")[1].split()[0])

    def wakes(self):
        return sum(self.status("voluntary_ctxt_switches", each / "status") for each in self.tasks())

    def memory(self):
        return {"rss_kib": self.status("VmRSS"), "anonymous_kib": self.status("RssAnon")}

    def killed(self):
        """CPU that it has taken in all, in ms."""
        os.kill(self.child.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.child.pid, 0)
        self.child.returncode = status
        return (usage.ru_utime + usage.ru_stime) * 1000


def variables(here):
    return {**KEY, "PREFECT__BACKEND": "server", "PREFECT__CLOUD__API": here.url, "AWS_ENDPOINT_URL": here.url,
            "AWS_EC2_METADATA_DISABLED": "true", "REGION_NAME": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}


def ours(program):
    return lambda here, *words: process([program, "start", "--log-level", "ERROR", "cpu=256", "memory=512", NETWORK, *words], variables(here))


def original(python):
    """The original's command line starts it so; what it is given is what its users give it."""
    return lambda here, *words: process([python, pathlib.Path(python).parent / "prefect", "agent", "fargate", "start", "cpu=256", "memory=512", NETWORK, *words],
                                        {**variables(here), "PREFECT__CLOUD__AGENT__LEVEL": "ERROR"})


def start(bench, agent, rounds):
    """CPU from the start to the first poll, in ms."""
    taken = []
    for _ in range(rounds):
        with world(bench) as here, agent(here) as one:
            here.wait("polls", 1, 0.002)
            taken.append(one.killed())
    return statistics.median(taken)


def idle(bench, agent, seconds):
    with world(bench) as here, agent(here) as one:
        here.wait("polls", 6)  # the wait between two has grown to the longest
        polls, cpu, wakes = here.ask()["polls"], one.cpu_ms(), one.wakes()
        time.sleep(seconds)
        polls, cpu, wakes = here.ask()["polls"] - polls, one.cpu_ms() - cpu, one.wakes() - wakes
        return {"cpu_ms_a_minute": cpu * 60 / seconds, "polls_a_minute": polls * 60 / seconds, "wakes_a_poll": wakes / max(polls, 1), **one.memory()}


def floor(bench, program):
    """The same of a program that calls once and waits."""
    with world(bench) as here, process([program, here.url], {}, subprocess.PIPE) as one:
        one.child.stdout.readline()
        memory = one.memory()
        return {"start_ms": one.killed(), **memory}


def burst(bench, agent, runs=25):
    """Calls, connections and CPU of so many runs, due at once, of a flow that was run before. Of polls that find nothing none counts."""
    with world(bench) as here, agent(here) as one:
        here.wait("polls", 1)
        here.ask("add 1")
        here.wait("tasks", 1)
        before, cpu = here.settled(), one.cpu_ms()
        here.ask(f"add {runs}")
        here.wait("tasks", runs + 1)
        after, cpu = here.settled(), one.cpu_ms() - cpu
        made = {name: after[name] - before[name] for name in after}
        made["prefect"] -= made["polls"] - -(-runs // 25)
        return {name: value / runs for name, value in {"cpu_ms": cpu, **made}.items()}


def watch(bench, agent, tasks, rounds):
    """What it takes to follow so many tasks that run, each looked at once in 10 s."""
    with world(bench) as here, agent(here, *FAST) as one:
        here.wait("polls", 3)
        before = one.memory()
        here.ask(f"add {tasks}")
        here.wait("tasks", tasks, 0.2)
        time.sleep(15)
        calls, cpu = here.ask()["DescribeTasks"], one.cpu_ms()
        time.sleep(10 * rounds)
        calls, cpu = here.ask()["DescribeTasks"] - calls, one.cpu_ms() - cpu
        after = one.memory()
        return {"tasks": tasks, "calls_a_round": calls / rounds, "cpu_ms_a_round": cpu / rounds, **{f"more_{name}": after[name] - before[name] for name in after}}


def run_us(bench, agent, runs, flows=1, labels=0):
    """CPU of one run, in µs, where so many are due at once, of so many flows, with so many labels."""
    words = [word for i in range(labels) for word in ("--label", f"label-{i}")]
    with world(bench) as here, agent(here, *FAST, "--no-watch", *words) as one:
        here.wait("polls", 1)
        cpu = one.cpu_ms()
        here.ask(f"add {runs} {flows} {labels}")
        here.wait("tasks", runs, 0.05)
        return (one.cpu_ms() - cpu) * 1000 / runs


def growth(bench, agent, quick):
    def powers(most):
        return [10**i for i in range(6) if 10**i <= (min(most, 100) if quick else most)]

    return {
        "runs": {count: run_us(bench, agent, count) for count in powers(100_000)},
        "definitions": {count: run_us(bench, agent, count, count) for count in powers(10_000)},
        "labels": {count: run_us(bench, agent, 250, 1, count) for count in powers(1000)},
    }


def measure(bench, program, peer, quick):
    """All of it; `peer` is a Python that has the original agent, or nothing."""
    made = {"floor": floor(bench, pathlib.Path(bench).with_name("fargate_idle_floor"))}
    for name, agent in {"ours": ours(program), **({"original": original(peer)} if peer else {})}.items():
        made[name] = {"start_ms": start(bench, agent, 1 if quick else 7), **idle(bench, agent, 2 if quick else 60)}
        made[name]["burst"] = burst(bench, agent)
    made["watch"] = watch(bench, ours(program), 100 if quick else 10_000, 1 if quick else 3)
    made["growth"] = growth(bench, ours(program), quick)
    return made


def table(found):
    names = {"ours": "fargate-agent", "original": "prefect 0.13.19, `prefect agent fargate start`", "floor": "a C++ program that called once through libcurl"}
    print("\nAn agent with nothing to do\n")
    print("| | CPU from the start to the first poll | memory, RSS | of it anonymous | CPU a minute | wake-ups a poll |\n|---|---|---|---|---|---|")
    for name, words in names.items():
        if name not in found:
            continue
        each = found[name]
        rest = f"{each['cpu_ms_a_minute']:.1f} ms | {each['wakes_a_poll']:.0f}" if "wakes_a_poll" in each else "|"
        print(f"| {words} | {each['start_ms']:.0f} ms | {each['rss_kib'] / 1024:.1f} MB | {each['anonymous_kib'] / 1024:.1f} MB | {rest} |")
    print("\n25 flow runs, due at once, of a flow that was run before; for each run\n")
    print("| | calls of AWS | calls of Prefect | connections | CPU |\n|---|---|---|---|---|")
    for name in ("ours", "original"):
        if name in found:
            each = found[name]["burst"]
            print(f"| {names[name]} | {each['aws']:.2f} | {each['prefect']:.2f} | {each['connections']:.2f} | {each['cpu_ms']:.2f} ms |")
    seen = found["watch"]
    print(f"\n{seen['tasks']:,} tasks are followed by {seen['calls_a_round']:.0f} calls and {seen['cpu_ms_a_round']:.0f} ms of CPU in 10 s, "
          f"and in {seen['more_rss_kib'] / 1024:.1f} MB more")
    print("\nCPU of one flow run, over how many there are of something\n")
    print("| | " + " | ".join(f"{count:,}" for count in found["growth"]["runs"]) + " |\n|---" + "|---" * len(found["growth"]["runs"]) + "|")
    for name, taken in found["growth"].items():
        print(f"| {name} | " + " | ".join(f"{used:,.0f} µs" for used in taken.values()) + " |")
