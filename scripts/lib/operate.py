"""Runs a module's command line with all variables of a local instance."""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from pathlib import Path

from deploy.local.settings import LocalSettings, Mode


def main() -> None:
    """`[--full] [--state DIR] [--port N] MODULE …`"""
    parser = argparse.ArgumentParser(description="在本机实例的环境里运行运维命令")
    parser.add_argument("--full", action="store_true", help="scripts/run --full 启动的实例")
    parser.add_argument("--state", type=Path, help="实例目录，默认 var/embedded 或 var/full")
    parser.add_argument("--port", type=int, default=8000, help="起始端口")
    parser.add_argument("module", help="例如 kit.parking、services.payment.verify")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    mode = Mode.FULL if options.full else Mode.EMBEDDED
    state = options.state or Path("var") / mode
    if not (state / "secrets.env").exists():
        sys.exit(f"{state} 里没有实例，请先用 scripts/run 启动，或者用 --state 指明目录。")
    os.environ.update(LocalSettings.load(mode, state, options.port).everything())
    sys.argv = [options.module, *options.arguments]
    runpy.run_module(options.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
