"""What a person sees who starts the product in a terminal. Everything said here is Chinese."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from deploy.local.leftovers import main_process, stop_leftovers
from deploy.local.process import Daemon, port_free
from deploy.local.settings import HOST, LocalSettings, Mode
from deploy.topology import SERVICES, Ports

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a supervisor's request, and a closed terminal."""

SHOWN_PERSONAS = 3
LOG_BYTES = 50_000_000
STARTED = "started"
"""File in `<state>/run` that says that everything works."""


class CannotStart(Exception):
    """The message says in Chinese why, and what to do."""


def options(mode: Mode) -> argparse.Namespace:
    """The command line of `scripts/run`."""
    parser = argparse.ArgumentParser(prog="scripts/run", description="启动社保费缴费系统（本机）")
    parser.add_argument("--state", type=Path, default=Path("var") / mode, help=f"数据目录（默认 var/{mode}）")
    parser.add_argument("--port", type=int, default=8000, help="起始端口，占用其后 100 个（默认 8000）")
    parser.add_argument("--full", action="store_true", help="使用 RabbitMQ 与 PostgreSQL，每个服务一个进程")
    parser.add_argument("--stop", action="store_true", help="停止该数据目录下仍在运行的进程")
    return parser.parse_args()


def stop(state: Path) -> None:
    """`--stop`: end what runs in this directory and say so."""
    number = stop_leftovers(state)
    print(f"已停止 {number} 个进程。数据保留在 {state}。" if number else f"{state} 下没有正在运行的进程。")


def claim(mode: Mode, state: Path, ports: Ports) -> None:
    """Make this process the one that runs in this directory.

    What a killed run left behind is stopped. Raises CannotStart when one is alive or a port is taken.
    """
    if running := main_process(state):
        raise CannotStart(
            f"系统已经在运行（进程 {running.pid}，数据目录 {state}）。\n"
            f"要重新启动，请先执行：scripts/run {'--full ' if mode is Mode.FULL else ''}--stop"
        )
    stop_leftovers(state)
    if taken := [port for port in _wanted(mode, ports) if not port_free(port)]:
        raise CannotStart(
            f"端口 {'、'.join(map(str, taken))} 已被其他程序占用，系统没有启动。\n"
            f"请换一个起始端口，例如：scripts/run --port {ports.base + 1000}"
        )
    Daemon(mode, state).record_self()


def _wanted(mode: Mode, ports: Ports) -> Sequence[int]:
    wanted = [ports.service(name) for name in SERVICES] + [ports.sandbox]
    if mode is Mode.FULL:
        servers = [ports.rabbitmq, ports.erlang_distribution, ports.erlang_port_mapper, ports.postgresql]
        wanted += [*servers, ports.supervisor]
    return wanted


def log_to(path: Path) -> TextIO:
    """Send everything this process writes to a log file, begun anew when it is big; returns the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    terminal = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    with path.open("a") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    return terminal


def announce(settings: LocalSettings, terminal: TextIO) -> None:
    """Say that everything works: on the terminal, and by a file for whoever waits for it."""
    print(summary(settings), file=terminal, flush=True)
    (settings.state / "run" / STARTED).touch()


def farewell(status: int, settings: LocalSettings, terminal: TextIO) -> None:
    """Say how it ended."""
    for name in (f"{settings.mode}.json", STARTED):
        (settings.state / "run" / name).unlink(missing_ok=True)
    words = "已停止，数据已保留。" if status == 0 else f"系统意外停止，原因见 {settings.state}/log"
    print(words, file=terminal, flush=True)


def summary(settings: LocalSettings) -> str:
    """Where to go, whom to try, how to stop."""
    shown = _personas(settings.ports.sandbox)[:SHOWN_PERSONAS]
    enter = f"{settings.sandbox_url}/sandbox/enter"
    people = "\n".join(f"    {one['name']}  {enter}/{one['persona']}  {one['shows']}" for one in shown)
    return f"""
社保费缴费系统已启动。

  打开系统      {settings.url}
  短信收件箱    {settings.sandbox_url}/sms （登录验证码在这里）
  导览          {settings.sandbox_url}/sandbox （怎样走一遍、全部演示人员、支付结果、故障）
  接口参考      {settings.url}/api/v1/reference

  打开就是这个人的手机（在微信里进入公众号）：
{people}

  日志和数据在 {settings.state}
  按 Ctrl-C 停止，数据会保留。
"""


def _personas(port: int) -> list[dict[str, Any]]:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/sandbox/api/personas")
        found: list[dict[str, Any]] = json.loads(connection.getresponse().read())["personas"]
        return found
    finally:
        connection.close()
