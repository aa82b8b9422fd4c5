"""What `scripts/deploy-test` does to containers while people pay."""

from __future__ import annotations

import datetime as dt
import time

from contract.staff import Role
from tests.chaos.plan import Kind
from tests.deploy.engine import Container, run
from tests.deploy.findings import Findings
from tests.deploy.load import Townsfolk
from tests.deploy.stack import Stack
from tests.deploy.staff import Desk
from tests.deploy.watching import SERVER_DOWN

_LONG_RUNNING = (
    "proxy", "gateway", "identity", "contribution", "payment", "notify", "ocr", "certificate", "console",
    "console-proxy", "rabbitmq", "postgresql", "prometheus", "sandbox",
)  # fmt: skip

_BETWEEN = 10
"""Journeys that begin between two things that are done."""

_RPO = 60.0
"""A segment of the log leaves at the latest after half a minute; as long again to get there."""


def journey(stack: Stack, folk: Townsfolk, found: Findings) -> None:
    """One resident through the proxy, from login to result; then staff find the order and give it back."""
    found.say("a journey through the TLS proxy, and staff at the console")
    paid = folk.pays_through()
    found.took(paid.seconds, "from the menu to 缴费成功")
    administrator = Desk.of_the_first(stack)
    officer = administrator.make("jingban", Role.AUTHORITY)
    found.check(
        True, "an administrator, made in the console's container, made an officer; both with two factors"
    )
    found.check(officer.finds(paid.order_id), "the officer finds the order")
    found.seconds("refunded by the officer", lambda: officer.gives_back(paid.order_id))
    shown = paid.person.watch(paid.order_id, until=frozenset({"refunded"}))
    found.check(shown == "refunded", "the resident sees it")


def scaling(stack: Stack, folk: Townsfolk, found: Findings) -> None:
    """Payment to three and contribution to four and back while people pay, and nobody notices."""
    found.say("scaling while people pay (outside world well-behaved)")
    with folk.paying_meanwhile() as load:
        load.wait_for_more(_BETWEEN)
        found.seconds("payment → 3, contribution → 4", lambda: stack.scale(payment=3, contribution=4))
        found.seconds("all seven can work", stack.wait_ready)
        load.wait_for_more(2 * _BETWEEN)
        found.seconds("payment → 1, contribution → 1", lambda: stack.scale(payment=1, contribution=1))
        load.wait_for_more(_BETWEEN)
    found.unnoticed(load)


def stops(stack: Stack, folk: Townsfolk, found: Findings) -> None:
    """A new version beside the old: one of two replicas is told to stop while people pay, again and again."""
    found.say("replacing replicas one by one while people pay (outside world well-behaved)")
    services = ("gateway", "identity", "contribution", "payment", "notify")
    stack.scale(**dict.fromkeys(services, 2))
    stack.wait_ready()
    with folk.paying_meanwhile() as load:
        for name in services:
            load.wait_for_more(_BETWEEN)
            old = stack.project.containers(name)[0]
            began = time.monotonic()
            run(["docker", "stop", "--time", "40", old.id])
            took = time.monotonic() - began
            found.check(
                took < 40 and old.exit_code == 0, f"{name} stopped in order, by itself, after {took:.1f} s"
            )
            load.wait_for_more(_BETWEEN)
            run(["docker", "start", old.id])
            stack.wait_ready()
    found.unnoticed(load)
    stack.scale(**dict.fromkeys(services, 1))


def kills(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """Each container's first process killed in turn while people pay, staff work and the outside world misbehaves."""
    found.say(f"killing each container in turn while {payments} people pay")
    paid = folk.pays_through()
    officer = Desk.of_the_first(stack, "oncall").make("zhiban", Role.AUTHORITY)
    names = [name for name in _LONG_RUNNING if stack.project.containers(name)]
    with folk.paying(payments) as load:
        for place, name in enumerate(names):
            load.wait_for(payments * place // len(names))
            victim = stack.project.containers(name)[-1]
            victim.crash()
            found.took(_recovered(stack, victim), f"{name} killed, until everything can work again")
            if not officer.finds(paid.order_id):
                found.check(False, f"staff find the order after {name} was killed")
    found.check(True, "staff went on with the login they had")
    found.seconds("a refund by staff", lambda: officer.gives_back(paid.order_id))
    found.ended(load)
    found.audited(folk)


def losses(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """A broker's node and the database that leads are lost during payments, and do not come back by themselves."""
    found.say(f"losing one of three RabbitMQ nodes and the leading PostgreSQL while {payments} people pay")
    with folk.paying(payments) as load:
        load.wait_for(payments // 5)
        node = stack.project.containers("rabbitmq2")[0]
        node.kill_for_good()
        found.took(folk.pays_through().seconds, f"{node.name} lost, until a payment begun then was through")
        load.wait_for(payments // 2)
        leader = stack.postgresql.container()
        leader.kill_for_good()
        found.took(folk.pays_through().seconds, f"{leader.name} lost, until a payment begun then was through")
        found.say(f"            {stack.postgresql.container().name} leads now")
        for lost in (f"{node.service}:15692", leader.service):
            missed = stack.watcher.becomes(SERVER_DOWN, lost, "firing")
            found.check(missed, f"Prometheus misses {lost}")
        load.wait_for(payments * 4 // 5)
        run(["docker", "start", node.id, leader.id])
        found.seconds("both are back, and all can work", stack.wait_ready)
    found.ended(load)
    found.audited(folk)


def restoring(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """The databases' machines are lost with their disks; the backup comes back into an empty one."""
    found.say("restore drill")
    environment = {
        **stack.project.variables, "COMPOSE_PROJECT_NAME": stack.project.name,
        "COMPOSE_FILE": ":".join(stack.project.files),
    }  # fmt: skip
    found.seconds("full backup", lambda: run(["deploy/backup"], environment))
    with folk.paying(payments, frozenset({Kind.PAYS})) as load:
        pass
    found.ended(load)
    with folk.paying_meanwhile() as load:
        load.wait_for_more(2 * _BETWEEN)
        orders, last = _orders(stack)
        lost_at = time.monotonic()
        for name in ("postgresql", "postgresql2"):
            for lost in stack.project.containers(name):
                lost.kill_for_good()
        load.crowd.enough.set()
        found.say(
            f"            {dt.datetime.now(dt.UTC):%H:%M:%S} the databases and their disks are lost while people pay"
        )
        found.seconds(
            "restored into an empty volume", lambda: run(["deploy/restore", "--empty"], environment)
        )
        stack.wait_ready()
        back, newest = _orders(stack, last)
        found.took(time.monotonic() - lost_at, "RTO: from the loss until everything can work again")
    lost_seconds = (last - newest).total_seconds()
    found.took(lost_seconds, f"RPO: {back} of {orders} orders came back, the last of {newest:%H:%M:%S}")
    found.check(lost_seconds <= _RPO, f"at most {_RPO:.0f} s are lost")
    found.say(f"            {folk.unknown_payments()} payments that UnionPay took are left to reconciliation")
    found.took(folk.pays_through().seconds, "and a payment is through")
    if stack.clustered:
        found.seconds("the second database follows the restored one", stack.wait_standby)


def _orders(stack: Stack, until: dt.datetime | None = None) -> tuple[int, dt.datetime]:
    """How many there are, of those placed until then, and when the last was."""
    wanted = f" WHERE created_at <= '{until.isoformat()}'" if until else ""
    ((number, last),) = stack.postgresql.run(
        f"SELECT count(*), max(created_at) FROM orders{wanted}", "payment"
    )
    assert isinstance(last, dt.datetime)
    return number, last


def _recovered(stack: Stack, victim: Container) -> float:
    began = time.monotonic()
    time.sleep(1)  # a signal needs a moment
    stack.wait_ready()
    return time.monotonic() - began
