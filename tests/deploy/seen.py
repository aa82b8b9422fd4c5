"""What is looked at in a stack that runs: how its containers are locked in, and what Prometheus sees of them."""

from __future__ import annotations

import time

from deploy.local.process import wait_until
from deploy.topology import SERVICES
from tests.deploy.engine import Container, EngineFailed, run
from tests.deploy.findings import Findings
from tests.deploy.load import Townsfolk
from tests.deploy.stack import Stack
from tests.deploy.watching import SERVICE_DOWN, written_rules

_HEALTHY_SECONDS = 300.0
_STOPPED = "notify"
_PAID = 'sum(events_published_total{event="payment.succeeded.v1"})'
_INNER = {"console": 8000, "ocr": 8000, "postgresql": 5432, "rabbitmq": 5671, "prometheus": 9090}
"""What the door must not reach, and where it listens."""


def locked_in(stack: Stack, found: Findings) -> None:
    """Every container is healthy, nobody's root, and reaches no more than it must."""
    found.say("how the containers are locked in")
    running = stack.project.containers()
    for what, wrong in (
        ("healthy", _unhealthy(running)),
        ("run by a user that is not root", [one.name for one in running if one.user == 0]),
        ("on a read-only root without capabilities", [one.name for one in running if not one.locked]),
    ):
        found.check(not wrong, f"{len(running)} containers are {what} {' '.join(wrong)}")
    published = {address for one in running for address in one.published}
    found.check(
        all(address.startswith("127.0.0.1:") for address in published),
        f"{len(published)} ports, all on loopback",
    )
    (proxy,), (sandbox,) = stack.project.containers("proxy"), stack.project.containers("sandbox")
    for name, port in _INNER.items():
        (one,) = stack.project.containers(name)
        found.check(
            not _works(proxy, "getent", "hosts", name) and not _connects(proxy, one.address(), port),
            f"the proxy neither finds nor reaches {name}",
        )
    for name in ("console", "ocr"):
        (one,) = stack.project.containers(name)
        found.check(not _connects(one, sandbox.address("outer"), 8090), f"from {name} no way leads out")
    found.check(_connects(proxy, sandbox.address("outer"), 8090), "where a way may lead, one does")


def observing(stack: Stack, folk: Townsfolk, found: Findings) -> None:
    """Prometheus scrapes everything, its rules and pages stand, and a service that is gone is missed."""
    found.say("what Prometheus sees")
    watcher = stack.watcher
    wait_until(lambda: not watcher.down() and len(watcher.hosts()) > len(SERVICES), 120.0, pause=2)
    found.check(not watcher.down(), f"targets up: {' '.join(watcher.hosts())} {watcher.down() or ''}")
    found.check(set(SERVICES) <= set(watcher.hosts()), "every service is one")
    loaded = watcher.rules()
    ill = [name for name, health in loaded.items() if health != "ok"]
    found.check(
        set(loaded) == written_rules() and not ill, f"{len(loaded)} alert rules are loaded {ill or ''}"
    )
    unanswered = watcher.unanswered_panels()
    found.check(not unanswered, f"its pages show every panel {unanswered or ''}")
    folk.pays_through()
    counted = wait_until(lambda: watcher.value(_PAID) >= 1, 60.0, pause=2)
    found.check(counted, f"payments it counts: {watcher.value(_PAID):.0f}")
    _missed(stack, found)


def _missed(stack: Stack, found: Findings) -> None:
    """A service that is stopped, and so known to no DNS any more, raises its alert; started, it falls silent."""
    (stopped,) = stack.project.containers(_STOPPED)
    began = time.monotonic()
    run(["docker", "stop", stopped.id])
    for state in ("pending", "firing"):
        seen = stack.watcher.becomes(SERVICE_DOWN, _STOPPED, state)
        found.check(
            seen,
            f"{SERVICE_DOWN} is {state} {time.monotonic() - began:.0f} s after {_STOPPED} was told to stop",
        )
    run(["docker", "start", stopped.id])
    stack.wait_ready()
    found.check(
        stack.watcher.becomes(SERVICE_DOWN, _STOPPED, ""), f"{_STOPPED} started, and the alert is gone"
    )


def _unhealthy(containers: list[Container]) -> list[str]:
    def ill() -> list[str]:
        return [one.name for one in containers if one.state.get("Health", {}).get("Status") != "healthy"]

    wait_until(lambda: not ill(), _HEALTHY_SECONDS, pause=2)
    return ill()


def _connects(container: Container, address: str, port: int) -> bool:
    return _works(container, "timeout", "5", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")


def _works(container: Container, *command: str) -> bool:
    try:
        container.execute(*command)
    except EngineFailed:
        return False
    return True
