"""The whole product in one process: sandbox and all services on the memory bus and SQLite. `scripts/run`."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch(psycopg=True)

import os
import signal
import sys
from pathlib import Path
from typing import Any

from eventlet.event import Event

from deploy import foreground
from deploy.local.settings import LocalSettings, Mode
from deploy.topology import SERVICES, Ports
from kit.migrate import migrate
from kit.runner import Runner, read_settings
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
        return _run(options.state, options.port)
    except foreground.CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(state: Path, port: int) -> int:
    settings = LocalSettings.load(Mode.EMBEDDED, state, port)
    os.environ.update(settings.everything())
    terminal = foreground.log_to(settings.state / "log" / "embedded.log")
    configure_logging(os.environ["LOG_LEVEL"])
    stopped: Event = Event()

    def stop(*_: Any) -> None:
        # Signal handlers run in the hub, where nothing may wait.
        if not stopped.ready():
            stopped.send(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    migrate(list(SERVICES))
    outside = serve(SandboxSettings.from_environment())
    runner = Runner(read_settings(SERVICES))
    runner.start()
    foreground.announce(settings, terminal)
    watch = eventlet.spawn(runner.wait)
    watch.link(lambda thread: stopped.ready() or stopped.send(1))
    status = stopped.wait()
    with eventlet.Timeout(STOP_SECONDS, False):
        runner.stop()
        outside.stop()
    foreground.farewell(status, settings, terminal)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
