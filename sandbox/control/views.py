"""The ledger as JSON: every order with its notifies, their answers and its refunds."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sandbox.clock import wire_time
from sandbox.people import Person
from sandbox.store import Store
from sandbox.unionpay.ledger import Order


def order_views(store: Store, orders: list[Order]) -> list[dict[str, Any]]:
    """Orders with everything that hangs on them. Amounts in fen, times in Shanghai."""
    numbers = [order.mer_order_id for order in orders]
    notifies = _by_order(store, "SELECT * FROM notifies WHERE mer_order_id IN ({}) ORDER BY id", numbers)
    answers = _by_order(
        store,
        "SELECT n.mer_order_id, a.* FROM notify_answers a JOIN notifies n ON n.id = a.notify_id"
        " WHERE n.mer_order_id IN ({}) ORDER BY a.notify_id, a.attempt",
        numbers,
    )
    refunds = _by_order(
        store, "SELECT * FROM refunds WHERE mer_order_id IN ({}) ORDER BY created_at", numbers
    )
    postings = _by_order(store, "SELECT * FROM postings WHERE mer_order_id IN ({}) ORDER BY line", numbers)
    return [
        _order(order)
        | {
            "notifies": [_notify(row, answers[order.mer_order_id]) for row in notifies[order.mer_order_id]],
            "refunds": [
                _pick(row, "refund_order_id", "amount", "status") for row in refunds[order.mer_order_id]
            ],
            "postings": [
                _pick(row, "line", "djxh", "rybm", "xzlx", "jfnd", "amount")
                | {"reversed": row["reversed_at"] is not None}
                for row in postings[order.mer_order_id]
            ],
        }
        for order in orders
    ]


def _by_order(store: Store, sql: str, numbers: list[str]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(numbers), 500):
        part = numbers[start : start + 500]
        for row in store.all(sql.format(", ".join("?" * len(part))), part):
            found[row["mer_order_id"]].append(row)
    return found


def _pick(row: Any, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _order(order: Order) -> dict[str, Any]:
    return {
        "merOrderId": order.mer_order_id,
        "status": order.status,
        "totalAmount": order.amount,
        "refunded": order.refunded,
        "orderDesc": order.order_desc,
        "createTime": wire_time(order.created_at),
        "expireTime": wire_time(order.expires_at),
        "payTime": wire_time(order.paid_at) if order.paid_at else None,
        "closeTime": wire_time(order.closed_at) if order.closed_at else None,
        "closeReason": order.close_reason,
        "targetOrderId": order.target_order_id,
        "seqId": order.seq_id,
        "cashier": f"/cashier/{order.token}",
        "postingNote": order.posting_note,
    }


def _notify(row: Any, answers: list[Any]) -> dict[str, Any]:
    own = [answer for answer in answers if answer["notify_id"] == row["id"]]
    return _pick(row, "kind", "method", "state", "attempts") | {
        "due": wire_time(row["due_at"]),
        "answers": [{"at": wire_time(answer["at"]), "answer": answer["answer"]} for answer in own],
    }


def person_view(person: Person) -> dict[str, Any]:
    return {
        "persona": person.persona,
        "name": person.name,
        "id_number": person.id_number,
        "id_hash": person.id_hash,
        "djxh": person.djxh,
        "kind": person.kind,
        "known": person.known,
        "shows": person.shows,
        "arrears_years": person.arrears_years,
        "prior_payments": len(person.prior_payments),
        "enrolments": [
            {
                "sbjbjgdm": e.agency.code,
                "sbjbjgmc": e.agency.name,
                "rybm": e.person_number,
                "xzlx": e.insurance_type,
            }
            for e in person.enrolments
        ],
    }
