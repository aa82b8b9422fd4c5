"""What carriers report (protocols.md §6), and how providers stand after it."""

from __future__ import annotations

from collections.abc import Sequence

from kit.clock import Clock
from kit.database import Transactions
from services.notify.domain import routing
from services.notify.domain.messages import Found, Patience
from services.notify.usecases.channels import Channels
from services.notify.usecases.ports import Storage
from services.notify.usecases.reminders import settle


def take_receipts(
    provider: str, reports: Sequence[Found], transactions: Transactions, storage: Storage, channels: Channels,
    clock: Clock, patience: Patience,
) -> Sequence[Found]:  # fmt: skip
    """Keep each report once and let it reach the send it is about, now or when that is recorded; returns those that are
    new."""
    new = []
    for report in reports:
        with transactions.transaction() as tx:
            if storage.add_receipt(tx, provider, report, clock.now()):
                settle(tx, provider, report, storage, channels, clock.now(), patience)
                new.append(report)
    return new


def look_at_providers(
    transactions: Transactions, storage: Storage, channels: Channels, clock: Clock
) -> dict[str, int]:
    """Move each provider's share after what happened lately; any number of replicas may look at once, and one of them
    moves it. Returns the shares."""
    now = clock.now()
    with transactions.read() as tx:
        standings = storage.standings(tx, channels.names, now)
        traffic = storage.traffic(tx, now)
    shares = {}
    for name, standing in standings.items():
        after = routing.next_standing(standing, traffic.get(name, routing.Traffic()), now)
        shares[name] = after.share
        if after is not standing:
            with transactions.transaction() as tx:
                storage.change_share(tx, standing, after)
    return shares
