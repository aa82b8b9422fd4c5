"""The console's command line with a local instance's settings: `scripts/staff [--full] [--state DIR] create …`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from deploy.local.settings import LocalSettings, Mode


def main() -> int:
    """Run `python -m services.console.accounts` in the environment of the instance's console."""
    parser = argparse.ArgumentParser(prog="scripts/staff", description="工作台账号（本机实例）")
    parser.add_argument("--full", action="store_true", help="RabbitMQ 与 PostgreSQL 的实例")
    parser.add_argument("--state", type=Path, default=None, help="数据目录")
    parser.add_argument("--port", type=int, default=8000, help="起始端口（默认 8000）")
    options, rest = parser.parse_known_args()
    mode = Mode.FULL if options.full else Mode.EMBEDDED
    settings = LocalSettings.load(mode, options.state or Path("var") / mode, options.port)
    os.environ.update(settings.service("console"))
    os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", "services.console.accounts", *rest])  # noqa: S606 - our own program


if __name__ == "__main__":
    sys.exit(main())
