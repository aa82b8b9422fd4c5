"""A private PostgreSQL: one database and one login role per service, each role only in its own database."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg2
from psycopg2 import sql

from deploy.environment import database_password, database_url
from deploy.local.process import STARTS_WITHIN, Daemon, Identity, ProcessFailed, wait_until
from deploy.topology import SERVICES

_ADMIN = "administrator"
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 400
shared_buffers = '128MB'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
"""
"""Durability (fsync, synchronous_commit, full_page_writes) stays at its default: on. A statement that failed is logged
neither with its text nor with the row in question: both hold personal data."""


class PostgreSQL:
    """Runs from `<state>`, listens on loopback only, and survives being killed like any PostgreSQL."""

    def __init__(self, state: Path, port: int, secrets: Mapping[str, str]) -> None:
        self.port = port
        self._state = state
        self._secrets = secrets
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._daemon = Daemon("postgresql", state, stop_signal=signal.SIGINT)  # fast: waits for no client

    def url(self, service: str) -> str:
        """The database of a service, opened by its own role."""
        return database_url(self._secrets, service, f"127.0.0.1:{self.port}")

    @property
    def alive(self) -> bool:
        return self._daemon.alive

    @property
    def identity(self) -> Identity | None:
        return self._daemon.identity

    def start(self) -> None:
        """Start, after making the cluster, roles and databases that do not exist yet."""
        if self.alive:
            return
        self._state.mkdir(parents=True, exist_ok=True)
        data = self._data()
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        # After a kill the old backends may need a moment to leave the shared memory.
        for last in (False, False, True):
            command = [str(_binary("postgres")), "-D", str(data), "-p", str(self.port)]
            self._daemon.start(command, _environment(), self._user, cwd=Path("/"))
            try:
                self._daemon.wait_ready(self._accepts, STARTS_WITHIN)
                break
            except ProcessFailed:
                if last or "shared memory block" not in self._daemon.log_tail():
                    raise
        self._create_databases()

    def stop(self) -> None:
        """Stop fast: open transactions are rolled back, everything committed is on disk."""
        self._daemon.stop()

    def kill(self) -> None:
        """Kill the postmaster without warning; its backends notice and leave."""
        backends = _children(self.identity)
        self._daemon.kill()
        wait_until(lambda: not any(backend.alive for backend in backends), 10)

    def restart(self) -> None:
        self.stop()
        self.start()

    def destroy(self) -> None:
        """Stop and delete every database."""
        self.stop()
        shutil.rmtree(self._data(), ignore_errors=True)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the administrator and return its rows."""
        connection = self._connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def log(self) -> str:
        """What the server has said so far."""
        return self._daemon.log.read_text(errors="replace")

    def _connect(self, database: str) -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=_ADMIN,
            password=self._secrets["POSTGRESQL_ADMIN_PASSWORD"], connect_timeout=2,
        )  # fmt: skip
        connection.autocommit = True  # CREATE DATABASE does not run in a transaction
        return connection

    def _accepts(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _data(self) -> Path:
        """The cluster's directory: in the state directory, or, where the user postgres cannot enter that
        (a checkout below /root), in that user's home under a name made from the state directory's."""
        if self._user is None:
            return self._state / "postgresql"
        if subprocess.run(["test", "-x", self._state], user=self._user, check=False).returncode == 0:
            return self._state / "postgresql"
        digest = hashlib.sha256(str(self._state.resolve()).encode()).hexdigest()[:16]
        return Path(pwd.getpwnam(self._user).pw_dir) / f"private-{digest}"

    def _initialise(self, data: Path) -> None:
        """Make the cluster under another name and rename it: a crash leaves a whole cluster or none."""
        draft, password_file = data.with_suffix(".new"), data.with_suffix(".password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file.unlink(missing_ok=True)
        password_file.touch(0o600)
        password_file.write_text(self._secrets["POSTGRESQL_ADMIN_PASSWORD"])
        if self._user:
            shutil.chown(draft, self._user, self._user)
            shutil.chown(password_file, self._user)
        command: list[str | Path] = [
            _binary("initdb"), "-D", draft, "--username", _ADMIN, "--pwfile", password_file,
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(
            command, user=self._user, group=self._user, extra_groups=[] if self._user else None,
            cwd="/", env=_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        password_file.unlink()
        if done.returncode:
            raise ProcessFailed(f"initdb failed\n{done.stderr}")
        with (draft / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        draft.rename(data)

    def _create_databases(self) -> None:
        connection = self._connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
                for name in SERVICES:
                    self._create_database(cursor, name)
        finally:
            connection.close()

    def _create_database(self, cursor: psycopg2.extensions.cursor, name: str) -> None:
        """Idempotent, step by step: an interrupted start is completed by the next."""
        identifier = sql.Identifier(name)
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
        role = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
        cursor.execute(role.format(verb, identifier, sql.Literal(database_password(self._secrets, name))))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(identifier))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))


def _binary(name: str) -> Path:
    """A program of the newest PostgreSQL installed."""
    installed = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    if newest := max(installed, key=lambda path: float(path.parts[4]), default=None):
        return newest
    if found := shutil.which(name):
        return Path(found)
    raise ProcessFailed(f"{name} is not installed: apt-get install postgresql")


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def _children(parent: Identity | None) -> list[Identity]:
    if parent is None:
        return []
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    return [child for child in map(Identity.of, map(int, children)) if child]
