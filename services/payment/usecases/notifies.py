"""What UnionPay says of its own accord: the notifies of paid orders (design.md §5 rule 5, docs/adr/0005)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kit.database import Writer
from kit.gathering import Asked
from services.payment.domain.notifies import Notify
from services.payment.domain.orders import Order
from services.payment.usecases import ordering
from services.payment.usecases.wiring import LEASE, Wiring

_log = logging.getLogger(__name__)


class Received(NamedTuple):
    """A notify, and what it is settled with."""

    notify: Notify
    w: Wiring


def settle(together: Sequence[Asked[Received]]) -> list[None]:
    """Store notifies and act on them, each once, in one transaction. What raises undoes all of them.

    Raises UnknownOrder, also where two notifies are of one order: what the first writes the second must read.
    """
    w = together[0].item.w
    told = [(asked, asked.item.notify) for asked in together]
    with w.database.transaction() as tx:
        new = set(w.orders.add_notifies(tx, [notify for _, notify in told], w.clock.now(), done=True))
        held = w.orders.lock_by_numbers(
            tx, [notify.mer_order_id for _, notify in told if notify.digest in new]
        )
        with w.database.together(tx) as rows:
            for asked, notify in told:
                if notify.digest in new:
                    new.remove(notify.digest)  # the same notify may have come twice
                    asked.run(_act_on, tx, rows, notify, held.pop(notify.mer_order_id, None), w)
    return [None] * len(together)


def settle_alone(received: Received) -> None:
    """Settle a notify in a transaction of its own."""
    settle([Asked(received)])


def receive_notify(
    fields: Mapping[str, str], w: Wiring, settle: Callable[[Received], None] = settle_alone
) -> None:
    """Take a notify: verify it, store it once, act on it; returns when it is safely ours (design.md §5 rule 5).

    Raises ForgedNotify. A genuine notify that cannot be acted on is kept and tried again, and UnionPay is told
    SUCCESS all the same; only when the database is away is it asked to come back.
    """
    mer_order_id = w.unionpay.read_notify(dict(fields))
    raw = json.dumps(dict(sorted(fields.items())), ensure_ascii=False)
    notify = Notify(hashlib.sha256(raw.encode()).hexdigest(), mer_order_id, raw)
    try:
        settle(Received(notify, w))
    except Exception:
        _log.exception("a notify could not be processed; it is kept", extra={"mer_order_id": mer_order_id})
        with w.database.transaction() as tx:
            w.orders.add_notifies(tx, [notify], w.clock.now(), done=False)


def process_kept_notifies(w: Wiring, limit: int) -> None:
    """Try again what receive_notify kept."""
    for _ in range(limit):
        now = w.clock.now()
        with w.database.transaction() as tx:
            notify = w.orders.claim_notify(tx, now, now + LEASE)
        if notify is None:
            return
        try:
            with w.database.transaction() as tx, w.database.together(tx) as rows:
                _act_on(tx, rows, notify, w.orders.lock_by_number(tx, notify.mer_order_id), w)
                w.orders.notify_done(tx, notify.digest, now)
        except Exception as error:
            _log.exception("a kept notify failed again", extra={"mer_order_id": notify.mer_order_id})
            wait = dt.timedelta(seconds=min(2 ** (notify.attempts + 2), 3600))
            with w.database.transaction() as tx:
                w.orders.notify_failed(tx, notify, type(error).__name__, now + wait)


class UnknownOrder(Exception):
    """UnionPay speaks of an order we do not have."""


def _act_on(tx: Any, rows: Writer, notify: Notify, order: Order | None, w: Wiring) -> None:
    if order is None:
        raise UnknownOrder(notify.mer_order_id)
    ordering.follow(tx, rows, order, w.unionpay.report_of(json.loads(notify.raw), order), w)
