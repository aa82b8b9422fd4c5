"""What a trial did and found, as a person reads it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.audit import Violation
from tests.chaos.faults import Incident
from tests.chaos.plan import Act, Plan
from tests.chaos.snapshot import Snapshot


@dataclass(frozen=True)
class Report:
    """The outcome of a trial. `phases` are seconds by name, `log` the errors services wrote, by how often."""

    plan: Plan
    incidents: Sequence[Incident]
    books: Snapshot
    violations: Sequence[Violation]
    phases: dict[str, float]
    log: Counter[str]

    @property
    def paid(self) -> int:
        return sum(order.state == "paid" for order in self.books.orders)

    @property
    def kills(self) -> int:
        return sum(incident.fault.act is Act.KILL for incident in self.incidents)

    def text(self) -> str:
        """The whole report."""
        parts = [*self._did(), *self._happened(), *self._found()]
        return "\n".join(parts)

    def _did(self) -> list[str]:
        kinds = Counter(f"{journey.kind} ({journey.way})" for journey in self.plan.journeys)
        lines = ["", f"seed {self.plan.seed}: {len(self.plan.journeys)} journeys"]
        lines += [f"  {count:5} {kind}" for kind, count in kinds.most_common()]
        lines += ["done to the system (seconds into the load, recovered after)"]
        for incident in self.incidents:
            recovered = f"{incident.recovered:.1f} s" if incident.recovered is not None else "NOT RECOVERED"
            lines.append(f"  {incident.at:6.1f} s  {incident.fault.act:8}{incident.fault.name:16}{recovered}")
        return lines

    def _happened(self) -> list[str]:
        paid = [entry for entry in self.books.ledger if entry.paid]
        states = Counter(order.state for order in self.books.orders)
        troubles = [one.diary.troubles for one in self.books.journeys]
        sms = Counter(sms.kind for sms in self.books.sms)
        back = [incident.recovered for incident in self.incidents if incident.recovered is not None]
        lines = [
            "what happened",
            f"  UnionPay took {len(paid)} payments, {sum(entry.amount for entry in paid) / 100:.2f} yuan",
            f"  orders: {_counts(states)}; refund cases: {len(self.books.cases)}; refunds: {len(self.books.refunds)}",
            f"  SMS: {_counts(sms)}",
            f"  {sum(map(bool, troubles))} of {len(troubles)} journeys met {sum(troubles)} errors and went on",
            f"  recovery: median {statistics.median(back):.1f} s, longest {max(back):.1f} s" if back else "",
            "  " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.phases.items()),
        ]
        lines += [f"  logged {count} times: {text}" for text, count in self.log.most_common(12)]
        return lines

    def _found(self) -> list[str]:
        if not self.violations:
            return [f"PASSED: {self.paid} paid orders, {self.kills} kills, 0 violations"]
        lines = [f"  {violation}" for violation in self.violations[:100]]
        lines.append(f"FAILED: {len(self.violations)} violations; again with --seed {self.plan.seed}")
        return ["violations", *lines]


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))
