"""One sandbox for all adapters; every test uses its own order or puts back what it set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.payment.adapters.unionpay import Netpay
from services.payment.config import Route
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.contract.adapters.unionpay_orders import adapter, hang_up


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=list(Route), ids=str)
def route(request: pytest.FixtureRequest) -> Route:
    """Each way to UnionPay in turn."""
    return Route(request.param)


@pytest.fixture(scope="module")
def unionpay(sandbox: RunningSandbox, route: Route) -> Iterator[Netpay]:
    """Our adapter, connected to the sandbox by that route."""
    unionpay = adapter(sandbox.url, route)
    yield unionpay
    hang_up(unionpay)
