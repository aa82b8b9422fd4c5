"""The whole product in one process: sandbox and all services on the memory bus and SQLite. `scripts/run`."""

from __future__ import annotations

from kit.runner import Runner, read_settings  # first of all: it patches the standard library

# isort: split

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eventlet
from eventlet.event import Event

from deploy import foreground
from deploy.local.settings import LocalSettings, Mode
from deploy.topology import SERVICES, Ports
from kit.migrate import migrate
from kit.telemetry import configure_logging
from sandbox import serve
from sandbox.settings import Settings as SandboxSettings

STOP_SECONDS = 20


def main() -> int:
    """Run until Ctrl-C or SIGTERM."""
    options = foreground.options(Mode.EMBEDDED)
    if options.stop:
        foreground.stop(options.state)
        return 0
    try:
        foreground.claim(Mode.EMBEDDED, options.state, Ports(options.port))
    except foreground.CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    return _run(options.state, options.port)


def _run(state: Path, port: int) -> int:
    settings = LocalSettings.load(Mode.EMBEDDED, state, port)
    os.environ.update(settings.everything())
    terminal = foreground.log_to(settings.state / "log" / "embedded.log")
    configure_logging(os.environ["LOG_LEVEL"])
    try:
        ended = _end_signalled()
        with _product(ended):
            foreground.announce(settings, terminal)
            if failure := ended.wait():
                raise failure
    except BaseException:
        logging.getLogger(__name__).exception("the product ended")
        foreground.farewell(1, settings, terminal)
        return 1
    foreground.farewell(0, settings, terminal)
    return 0


def _end_signalled() -> Event:
    """An event that gets None from Ctrl-C or SIGTERM, or what a service died of."""
    ended: Event = Event()

    def end(*_: Any) -> None:
        if not ended.ready():
            ended.send(None)

    for number in foreground.END_SIGNALS:
        signal.signal(number, end)
    return ended


@contextlib.contextmanager
def _product(ended: Event) -> Iterator[None]:
    """Sandbox and services, running inside the block."""
    migrate(list(SERVICES))
    outside = serve(SandboxSettings.from_environment())
    runner = Runner(read_settings(SERVICES))
    runner.start()
    eventlet.spawn(_watch, runner, ended)
    try:
        yield
    finally:
        with eventlet.Timeout(STOP_SECONDS, False):
            runner.stop()
        outside.stop()


def _watch(runner: Runner, ended: Event) -> None:
    try:
        runner.wait()
    except Exception as error:
        if not ended.ready():
            ended.send(error)


if __name__ == "__main__":
    sys.exit(main())
