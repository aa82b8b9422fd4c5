"""The whole product on private RabbitMQ and PostgreSQL, one process per service. `scripts/run --full`."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from deploy import foreground
from deploy.local.process import ProcessFailed
from deploy.local.settings import Mode
from deploy.local.system import FullSystem
from deploy.topology import Ports

WATCH_SECONDS = 1.0


def main() -> int:
    """Run until Ctrl-C or SIGTERM; then everything that was started is stopped."""
    options = foreground.options(Mode.FULL)
    if options.stop:
        foreground.stop(options.state)
        return 0
    try:
        foreground.claim(Mode.FULL, options.state, Ports(options.port))
        return _run(FullSystem(options.state, options.port))
    except foreground.CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except ProcessFailed as error:
        print(f"启动失败，已停止。日志在 {options.state}/log\n\n{error}", file=sys.stderr)
        return 1


def _run(system: FullSystem) -> int:
    stopped = threading.Event()

    def stop(*_: Any) -> None:
        stopped.set()

    for number in foreground.END_SIGNALS:
        signal.signal(number, stop)
    print("正在启动 PostgreSQL、RabbitMQ 和各项服务…", flush=True)
    with system:
        foreground.announce(system.settings, sys.stdout)
        while not stopped.wait(WATCH_SECONDS):
            system.revive()
        print("正在停止…", flush=True)
    foreground.farewell(0, system.settings, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
