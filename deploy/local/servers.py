"""Private PostgreSQL and RabbitMQ of an instance, together.

`python -m deploy.local.servers start|stop|kill|restart [postgresql|rabbitmq] --state DIR --port N`
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.credentials import load_secrets
from deploy.local.postgresql import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.topology import Ports


class Servers:
    """Both servers of one instance. As a context manager they are started, and stopped at the end."""

    def __init__(self, state: Path, ports: Ports) -> None:
        secrets = load_secrets(state)
        self.postgresql = PostgreSQL(state, ports.postgresql, secrets)
        self.rabbitmq = RabbitMQ(state, ports, secrets)

    def __enter__(self) -> Servers:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start both side by side."""
        with ThreadPoolExecutor(1) as pool:
            rabbitmq = pool.submit(self.rabbitmq.start)
            self.postgresql.start()
            rabbitmq.result()

    def stop(self) -> None:
        """Stop both; their data stays."""
        self.rabbitmq.stop()
        self.postgresql.stop()

    def destroy(self) -> None:
        """Stop both and delete everything they stored."""
        self.rabbitmq.destroy()
        self.postgresql.destroy()


def main() -> None:
    """Start, stop, kill or restart the servers of an instance and say how long it took."""
    parser = argparse.ArgumentParser(description="本机私有的 PostgreSQL 与 RabbitMQ")
    parser.add_argument("action", choices=["start", "stop", "kill", "restart", "destroy"])
    parser.add_argument("server", nargs="?", choices=["postgresql", "rabbitmq"], help="默认两者")
    parser.add_argument("--state", type=Path, default=Path("var/full"), help="实例目录")
    parser.add_argument("--port", type=int, default=8000, help="起始端口")
    options = parser.parse_args()
    servers = Servers(options.state, Ports(options.port))
    named = {"postgresql": servers.postgresql, "rabbitmq": servers.rabbitmq}
    for name, server in named.items():
        if options.server in (None, name):
            began = time.monotonic()
            getattr(server, options.action)()
            print(f"{name}: {options.action}, {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
