"""RPC round trips per second: the kit against stock Nameko, two processes each, twenty calls at a time."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.processes import cpu_seconds, median, per_request, running
from deploy.local.process import free_base
from deploy.local.servers import Servers
from deploy.topology import Ports

GOAL = 1.8


def run(seconds: int, rounds: int) -> bool:
    """True when the goal is met."""
    with tempfile.TemporaryDirectory(prefix="contribution-bench-") as state:
        rabbitmq = Servers(Path(state), Ports(free_base())).rabbitmq
        rabbitmq.start()
        try:
            rates: dict[str, list[float]] = {"stock": [], "kit": []}
            for _ in range(rounds):
                for kind, reached in rates.items():
                    reached.append(_round(kind, seconds, rabbitmq.url, rabbitmq.identity.pid))
        finally:
            rabbitmq.destroy()
    ratio = median(rates["kit"]) / median(rates["stock"])
    print(
        f"rpc: {median(rates['kit']):.0f}/s = {ratio:.2f} x stock (goal {GOAL}): {'met' if ratio >= GOAL else 'MISSED'}"
    )
    return ratio >= GOAL


def _round(kind: str, seconds: int, url: Callable[[str], str], broker: int) -> float:
    serve = running("bench.rpc_peer", kind, "serve", environment={"AMQP_URI": url("payment")})
    call = running("bench.rpc_peer", kind, "call", environment={"AMQP_URI": url("gateway")})
    with serve as server, call as caller:
        for process in (server, caller):
            process.stdout.readline()  # ready
        _ask(caller, 1)  # warm up
        pids = {"caller": caller.pid, "server": server.pid, "rabbitmq": broker}
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        seen = _ask(caller, seconds)
        used = {name: cpu_seconds(pid) - before[name] for name, pid in pids.items()}
    rate: float = seen["count"] / seconds
    print(f"{kind:6} {rate:6.0f}/s  p50 {1000 * seen['p50']:5.1f} ms  p95 {1000 * seen['p95']:5.1f} ms  "
          f"CPU-ms per call: {per_request(used, seen['count'])}", flush=True)  # fmt: skip
    return rate


def _ask(caller: object, seconds: int) -> dict[str, float]:
    caller.stdin.write(f"{seconds}\n")
    caller.stdin.flush()
    answer: dict[str, float] = json.loads(caller.stdout.readline())
    return answer
