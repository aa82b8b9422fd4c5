"""What UnionPay says of its own accord: the notifies of paid orders (design.md §5 rule 5, docs/adr/0005)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from services.payment.usecases import ordering
from services.payment.usecases.wiring import LEASE, Wiring

_log = logging.getLogger(__name__)


def receive_notify(fields: Mapping[str, str], w: Wiring) -> None:
    """Take a notify: verify it, store it once, act on it; returns when it is safely ours (design.md §5 rule 5).

    Raises ForgedNotify. A genuine notify that cannot be acted on is kept and tried again, and UnionPay is told
    SUCCESS all the same; only when the database is away is it asked to come back.
    """
    mer_order_id = w.unionpay.read_notify(dict(fields))
    raw = json.dumps(dict(sorted(fields.items())), ensure_ascii=False)
    digest = hashlib.sha256(raw.encode()).hexdigest()
    now = w.clock.now()
    try:
        with w.database.transaction() as tx:
            if w.orders.add_notify(tx, digest, mer_order_id, raw, now, done=True):
                _act_on_notify(tx, mer_order_id, fields, w)
    except Exception:
        _log.exception("a notify could not be processed; it is kept", extra={"mer_order_id": mer_order_id})
        with w.database.transaction() as tx:
            w.orders.add_notify(tx, digest, mer_order_id, raw, now, done=False)


def process_kept_notifies(w: Wiring, limit: int) -> None:
    """Try again what receive_notify kept."""
    for _ in range(limit):
        now = w.clock.now()
        with w.database.transaction() as tx:
            notify = w.orders.claim_notify(tx, now, now + LEASE)
        if notify is None:
            return
        try:
            with w.database.transaction() as tx:
                _act_on_notify(tx, notify.mer_order_id, json.loads(notify.raw), w)
                w.orders.notify_done(tx, notify.digest, now)
        except Exception as error:
            _log.exception("a kept notify failed again", extra={"mer_order_id": notify.mer_order_id})
            wait = dt.timedelta(seconds=min(2 ** (notify.attempts + 2), 3600))
            with w.database.transaction() as tx:
                w.orders.notify_failed(tx, notify, type(error).__name__, now + wait)


class UnknownOrder(Exception):
    """UnionPay speaks of an order we do not have."""


def _act_on_notify(tx: Any, mer_order_id: str, fields: Mapping[str, str], w: Wiring) -> None:
    order = w.orders.lock_by_number(tx, mer_order_id)
    if order is None:
        raise UnknownOrder(mer_order_id)
    ordering.apply(tx, order, w.unionpay.report_of(dict(fields), order), w)
