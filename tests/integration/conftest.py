"""Real servers for integration tests, private to this run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.credentials import load_secrets
from deploy.local.postgresql import PostgreSQL
from deploy.local.process import free_base
from deploy.local.rabbitmq import RabbitMQ
from deploy.topology import Ports


@pytest.fixture(scope="session")
def server_ports() -> Ports:
    return Ports(free_base())


@pytest.fixture(scope="session")
def postgres(scratch: Path, server_ports: Ports) -> Iterator[PostgreSQL]:
    """PostgreSQL with an empty database per service: `postgres.url("payment")`."""
    state = scratch / "servers"
    server = PostgreSQL(state, server_ports.postgresql, load_secrets(state))
    server.start()
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def rabbitmq(scratch: Path, server_ports: Ports) -> Iterator[RabbitMQ]:
    """RabbitMQ with an account per service: `rabbitmq.url("payment")`."""
    state = scratch / "servers"
    server = RabbitMQ(state, server_ports, load_secrets(state))
    server.start()
    yield server
    server.destroy()
