"""What other tax systems told of payments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from contract import schema
from contract.insurance import Channel, InsuranceType
from contract.paid import PaidContribution
from kit.crypto import blind_index
from kit.database import insert_or_ignore
from services.payment.domain.external import ExternalLine, ExternalState, Rank
from services.payment.models import external_payments

_T = external_payments.c


class ExternalStorage:
    """The lines of other systems, each as the word that counts tells it."""

    def keep(self, tx: Connection, line: ExternalLine, now: dt.datetime) -> bool:
        """Take what was said of a line, unless a weightier word is known; False then."""
        line_id = blind_index("external_payments.line", line.line_key).hex()
        values = _row(line) | {"line_id": line_id}
        if insert_or_ignore(tx, external_payments, **values, first_heard_at=now):
            return True
        mine = _T.line_id == line_id
        said = select(_T.state, _T.said_at, _T.event_key).where(mine).with_for_update()
        if line.rank <= _rank(tx.execute(said).one()):
            return False
        tx.execute(update(external_payments).where(mine).values(**values))
        return True

    def paid_for(
        self, tx: Connection, keys: Sequence[str], since: int, until: int
    ) -> Sequence[PaidContribution]:
        """What is paid for whoever is called by these keys, in the order it was paid."""
        paid = select(external_payments).where(
            _T.insured_index.in_(keys), _T.year.between(since, until), _T.state == ExternalState.PAID.value
        )
        return [_paid(row) for row in tx.execute(paid.order_by(_T.at, _T.order_id, _T.year))]


def _rank(row: Any) -> Rank:
    return ExternalState(row.state).weight, row.said_at, row.event_key


def _row(line: ExternalLine) -> dict[str, Any]:
    return {
        "source": line.source, "order_id": line.order_id,
        "insured_index": line.insured_key, "operator_index": line.operator_key,
        "insured_number": line.insured_number, "insured_name": line.insured_name,
        "social_number": line.social_number,
        "place": None if line.place is None else schema.dump(line.place),
        "place_code": "" if line.place is None else line.place.code,
        "insurance_type": line.insurance_type.value, "year": line.year, "agency_code": line.agency_code,
        "agency_name": line.agency_name, "amount": line.amount, "channel": line.channel.value,
        "state": line.state.value, "at": line.at, "said_at": line.said_at, "event_key": line.event_key,
    }  # fmt: skip


def _paid(row: Row[Any]) -> PaidContribution:
    return PaidContribution(
        InsuranceType(row.insurance_type), row.year, row.amount, row.agency_code, row.agency_name,
        row.social_number, Channel(row.channel), row.at,
    )  # fmt: skip
