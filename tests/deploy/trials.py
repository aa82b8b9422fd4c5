"""What `scripts/deploy-test` does to containers, each with its own line for everything that was done and seen."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.plan import Kind
from tests.chaos.trial import Say
from tests.deploy.engine import Container, run
from tests.deploy.load import Load, Townsfolk
from tests.deploy.stack import Stack

_LONG_RUNNING = (
    "proxy", "gateway", "identity", "contribution", "payment", "notify", "ocr", "certificate", "console", "rabbitmq",
    "postgresql", "sandbox",
)  # fmt: skip


_RPO = 60.0
"""A segment of the log leaves at the latest after half a minute; as long again to get there."""


@dataclass
class Findings:
    """What was not as it must be."""

    say: Say
    wrong: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        """Say whether something holds, and remember it when it does not."""
        self.say(f"  {'ok    ' if holds else 'WRONG '} {what}")
        if not holds:
            self.wrong.append(what)

    def seconds(self, what: str, act: Callable[[], object]) -> float:
        """Do something and say how long it took."""
        began = time.monotonic()
        act()
        took = time.monotonic() - began
        self.say(f"  {took:6.1f} s  {what}")
        return took


def audited(folk: Townsfolk, found: Findings) -> None:
    """Nothing is lost, doubled or stuck: UnionPay's ledger, orders, events and SMS agree."""
    books, violations = folk.audit(lambda _: None)
    paid = [entry for entry in books.ledger if entry.paid]
    states = sorted({order.state for order in books.orders})
    counts = ", ".join(f"{sum(o.state == state for o in books.orders)} {state}" for state in states)
    found.say(
        f"  UnionPay took {len(paid)} payments of {sum(e.amount for e in paid) / 100:.2f} yuan; orders: {counts};"
        f" {len(books.events)} events, {len(books.sms)} SMS"
    )
    for violation in violations[:20]:
        found.say(f"         {violation}")
    found.check(not violations, f"the books agree ({len(violations)} violations)")


def journey(folk: Townsfolk, found: Findings) -> None:
    """One resident through the proxy: login, quote, order, UnionPay, result."""
    found.say("a journey through the TLS proxy")
    found.say(f"  {folk.pays_through():6.1f} s  from the menu to 缴费成功")


def scaling(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """Payment to three and contribution to four and back while people pay, and nobody notices."""
    found.say(f"scaling while {payments} people pay (outside world well-behaved)")
    with folk.paying(payments, frozenset({Kind.PAYS}), misbehaving=False) as load:
        _wait_for(load, payments // 10)
        found.seconds("payment → 3, contribution → 4", lambda: stack.scale(payment=3, contribution=4))
        found.seconds("all seven can work", stack.wait_ready)
        _wait_for(load, payments * 6 // 10)
        found.seconds("payment → 1, contribution → 1", lambda: stack.scale(payment=1, contribution=1))
    found.check(load.troubles == 0, f"{len(load.travelled)} journeys met {load.troubles} errors")
    _ended(load, found)


def kills(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """Each container's first process killed in turn while people pay and the outside world misbehaves."""
    found.say(f"killing each container in turn while {payments} people pay")
    names = [name for name in _LONG_RUNNING if stack.project.containers(name)]
    with folk.paying(payments) as load:
        for place, name in enumerate(names):
            _wait_for(load, payments * place // len(names))
            victim = stack.project.containers(name)[-1]
            victim.crash()
            found.say(f"  {_recovered(stack, victim):6.1f} s  {name} killed, until everything can work again")
    _ended(load, found)
    audited(folk, found)


def losses(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """A broker's node and the database that leads are lost during payments, and do not come back by themselves."""
    found.say(f"losing one of three RabbitMQ nodes and the leading PostgreSQL while {payments} people pay")
    with folk.paying(payments) as load:
        _wait_for(load, payments // 5)
        node = stack.project.containers("rabbitmq2")[0]
        node.kill_for_good()
        found.say(f"  {folk.pays_through():6.1f} s  {node.name} lost, until a payment begun then was through")
        _wait_for(load, payments // 2)
        leader = stack.postgresql.container()
        leader.kill_for_good()
        found.say(
            f"  {folk.pays_through():6.1f} s  {leader.name} lost, until a payment begun then was through"
        )
        found.say(f"          {stack.postgresql.container().name} leads now")
        _wait_for(load, payments * 4 // 5)
        run(["docker", "start", node.id, leader.id])
        found.seconds("both are back, and all can work", stack.wait_ready)
    _ended(load, found)
    audited(folk, found)


def stops(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """A new version beside the old: one of two replicas is told to stop while people pay, again and again."""
    found.say(f"replacing replicas one by one while {payments} people pay (outside world well-behaved)")
    services = ("gateway", "identity", "contribution", "payment", "notify")
    stack.scale(**dict.fromkeys(services, 2))
    stack.wait_ready()
    with folk.paying(payments, frozenset({Kind.PAYS}), misbehaving=False) as load:
        for place, name in enumerate(services):
            _wait_for(load, payments * place // len(services))
            old = stack.project.containers(name)[0]
            took = found.seconds(
                f"{old.name} stopped in order",
                lambda old=old: run(["docker", "stop", "--time", "40", old.id]),
            )
            found.check(took < 40 and _exit_code(old) == 0, "it finished by itself")
            run(["docker", "start", old.id])
            stack.wait_ready()
    found.check(load.troubles == 0, f"{len(load.travelled)} journeys met {load.troubles} errors")
    _ended(load, found)
    stack.scale(**dict.fromkeys(services, 1))


def restoring(stack: Stack, folk: Townsfolk, found: Findings, payments: int) -> None:
    """The database's machine is lost with its disk; the backup comes back into an empty one."""
    found.say("restore drill")
    environment = {**stack.project.variables, "COMPOSE_PROJECT_NAME": stack.project.name}
    found.seconds("full backup", lambda: run(["deploy/backup"], environment))
    with folk.paying(payments, frozenset({Kind.PAYS})) as load:
        pass
    _ended(load, found)
    last = _last_order(stack)
    lost_at = time.monotonic()
    at = dt.datetime.now(dt.UTC)
    stack.postgresql.container().kill_for_good()
    found.say(
        f"          {at:%H:%M:%S} the database is lost with its disk; its last order is of {last:%H:%M:%S}"
    )
    found.seconds("restored into an empty volume", lambda: run(["deploy/restore", "--empty"], environment))
    stack.wait_ready()
    back = _last_order(stack)
    found.say(
        f"  RPO {(last - back).total_seconds():6.1f} s  the last order that came back is of {back:%H:%M:%S}"
    )
    found.check((last - back).total_seconds() <= _RPO, f"at most {_RPO:.0f} s are lost")
    found.say(f"  RTO {time.monotonic() - lost_at:6.1f} s  from the loss until everything can work again")
    found.say(f"          {folk.pays_through():6.1f} s  and a payment is through")


def _last_order(stack: Stack) -> dt.datetime:
    ((last,),) = stack.postgresql.run("SELECT max(created_at) FROM orders", "payment")
    assert isinstance(last, dt.datetime)
    return last


def _ended(load: Load, found: Findings) -> None:
    failed = [one for one in load.travelled if one.failure]
    for one in failed[:10]:
        found.say(f"         journey {one.journey.number} ({one.journey.kind}): {one.failure}")
    found.check(
        not failed, f"{len(load.travelled)} journeys came to their end, {load.troubles} errors on the way"
    )


def _wait_for(load: Load, begun: int) -> None:
    """Until so many journeys of this load have begun, or all have ended."""
    while load.crowd.begun < begun and load.crowd.done < load.journeys:
        time.sleep(0.1)


def _recovered(stack: Stack, victim: Container) -> float:
    began = time.monotonic()
    time.sleep(1)  # a signal needs a moment
    stack.wait_ready()
    return time.monotonic() - began


def _exit_code(container: Container) -> int:
    return int(container.state["ExitCode"])
