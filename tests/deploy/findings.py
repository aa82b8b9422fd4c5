"""What a trial found: a line for everything that was done and seen, and what was not as it must be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.trial import Say
from tests.deploy.load import Load, Townsfolk


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

    def took(self, seconds: float, what: str) -> None:
        """How long something took."""
        self.say(f"  {seconds:6.1f} s  {what}")

    def seconds(self, what: str, act: Callable[[], object]) -> float:
        """Do something and say how long it took."""
        began = time.monotonic()
        act()
        took = time.monotonic() - began
        self.took(took, what)
        return took

    def audited(self, folk: Townsfolk) -> None:
        """Nothing is lost, doubled or stuck: UnionPay's ledger, orders, events and SMS agree."""
        books, violations = folk.audit(lambda _: None)
        paid = [entry for entry in books.ledger if entry.paid]
        states = sorted({order.state for order in books.orders})
        counts = ", ".join(f"{sum(o.state == state for o in books.orders)} {state}" for state in states)
        self.say(
            f"  UnionPay took {len(paid)} payments of {sum(e.amount for e in paid) / 100:.2f} yuan; orders: {counts};"
            f" {len(books.events)} events, {len(books.sms)} SMS"
        )
        for violation in violations[:20]:
            self.say(f"         {violation}")
        self.check(not violations, f"the books agree ({len(violations)} violations)")

    def unnoticed(self, load: Load) -> None:
        """Nobody met an error."""
        for reason, times in load.met.most_common(10):
            self.say(f"         {times} × {reason}")
        self.check(not load.met, f"{len(load.travelled)} journeys met {load.met.total()} errors")
        self.ended(load)

    def ended(self, load: Load) -> None:
        """Everybody came to their end, whatever they met on the way."""
        failed = [one for one in load.travelled if one.failure]
        for one in failed[:10]:
            self.say(f"         journey {one.journey.number} ({one.journey.kind}): {one.failure}")
        met = load.met.total()
        self.check(not failed, f"{len(load.travelled)} journeys came to their end, {met} errors on the way")
