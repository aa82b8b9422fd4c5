"""CPU seconds of process trees, and child processes that end with the bench."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all below it, those that ended included."""
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                stats[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / _TICK)
    tree, total = [pid], 0.0
    while tree:
        current = tree.pop()
        total += stats.get(current, (0, 0.0))[1]
        tree += [child for child, (parent, _) in stats.items() if parent == current]
    return total


@contextlib.contextmanager
def running(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A Python module as a process of its own; ended with the block."""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def per_request(used: Mapping[str, float], requests: int) -> str:
    """CPU milliseconds per request of each process, e.g. `gateway 0.9 · payment 1.2`."""
    return " · ".join(f"{name} {1000 * seconds / max(requests, 1):.2f}" for name, seconds in used.items())


def median(values: Sequence[float]) -> float:
    """The middle value."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
