"""A private RabbitMQ: its own node, port mapper, cookie and accounts; no plugins; loopback only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from amqp import Connection
from amqp.exceptions import AMQPError

from deploy.broker import EXAMPLE, MIGRATION, definitions, passwords_of
from deploy.environment import VHOST, broker_password, bus_url
from deploy.local.process import STARTS_WITHIN, Daemon, Identity, ProcessFailed, port_free
from deploy.topology import Ports

_SCRIPTS = Path("/usr/lib/rabbitmq/bin")

_CONFIG = """
listeners.tcp.1 = 127.0.0.1:{port}
load_definitions = {definitions}
log.file.level = warning
log.console = false
disk_free_limit.absolute = 50MB
raft.wal_max_size_bytes = 67108864
"""


class RabbitMQ:
    """Runs from `<state>/rabbitmq` as whoever started it; queues and messages survive a kill."""

    def __init__(self, state: Path, ports: Ports, secrets: Mapping[str, str]) -> None:
        self.port = ports.rabbitmq
        self._ports = ports
        self._home = (state / "rabbitmq").resolve()
        self._secrets = secrets
        self._daemon = Daemon("rabbitmq", state)
        self._port_mapper = Daemon("epmd", state)

    def url(self, account: str) -> str:
        """The bus, opened by the account of a service or of the migration."""
        return bus_url(self._secrets, account, f"127.0.0.1:{self.port}")

    @property
    def alive(self) -> bool:
        return self._daemon.alive

    @property
    def identity(self) -> Identity | None:
        return self._daemon.identity

    def start(self) -> None:
        """Start, and wait until a service can log in."""
        if self.alive:
            return
        self._write_configuration()
        if not self._port_mapper.alive:
            # Started here, in the foreground, or the node would leave one behind that nobody stops.
            port = self._ports.erlang_port_mapper
            command = [_program("epmd"), "-port", str(port), "-address", "127.0.0.1"]
            self._port_mapper.start(command, self._environment())
            self._port_mapper.wait_ready(lambda: not port_free(port), STARTS_WITHIN)
        self._daemon.start([_program("rabbitmq-server")], self._environment(), cwd=self._home)
        self._daemon.wait_ready(self._accepts, STARTS_WITHIN)

    def stop(self) -> None:
        """Stop in order: queues are flushed to disk."""
        self._daemon.stop()
        self._port_mapper.stop()

    def kill(self) -> None:
        """Kill the node without warning."""
        self._daemon.kill()

    def restart(self) -> None:
        self._daemon.stop()
        self.start()

    def destroy(self) -> None:
        """Stop and delete every queue."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` answers, e.g. `control("list_queues", "name", "messages")`."""
        done = subprocess.run(
            [_program("rabbitmqctl"), "--quiet", *arguments],
            env=self._environment(), cwd=self._home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ProcessFailed(f"rabbitmqctl {arguments[0]} failed\n{done.stderr}{done.stdout}")
        return done.stdout

    def consumers(self, service: str) -> int:
        """How many processes of a service take its requests now."""
        try:
            with self._connection(service) as connection:
                queue = connection.channel().queue_declare(f"rpc-{service}", passive=True)
        except (OSError, AMQPError):
            return 0
        return int(queue.consumer_count)

    def _connection(self, account: str) -> Connection:
        return Connection(
            host=f"127.0.0.1:{self.port}", virtual_host=VHOST, connect_timeout=2, read_timeout=5,
            userid=account, password=broker_password(self._secrets, account),
        )  # fmt: skip

    def _accepts(self) -> bool:
        try:
            with self._connection(MIGRATION):
                return True
        except (OSError, AMQPError):
            return False

    def _write_configuration(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._home.chmod(0o700)
        imported = self._home / "definitions.json"
        passwords = passwords_of(self._secrets) | {EXAMPLE: broker_password(self._secrets, EXAMPLE)}
        imported.write_text(json.dumps(definitions(passwords)))
        (self._home / "rabbitmq.conf").write_text(_CONFIG.format(port=self.port, definitions=imported))
        (self._home / "enabled_plugins").write_text("[].\n")
        cookie = self._home / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(0o600)
            cookie.write_text(self._secrets["ERLANG_COOKIE"])
            cookie.chmod(0o400)

    def _environment(self) -> dict[str, str]:
        home = self._home
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "ERL_EPMD_PORT": str(self._ports.erlang_port_mapper),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "private@localhost",
            "RABBITMQ_DIST_PORT": str(self._ports.erlang_distribution),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",  # the distribution's settings are not ours
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            # The start script becomes the node instead of waiting beside it: signals reach the node.
            "RUNNING_UNDER_SYSTEMD": "1",
            # Schedulers that spin while idle would take the processors from the services on a small machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"
            " +sbwt none +sbwtdcpu none +sbwtdio none",
        }


def _program(name: str) -> str:
    """A program of RabbitMQ or Erlang; not the wrappers in /usr/sbin, which switch to another user."""
    found = shutil.which(name, path=f"{_SCRIPTS}:{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if not found:
        raise ProcessFailed(f"{name} is not installed: apt-get install rabbitmq-server")
    return found
