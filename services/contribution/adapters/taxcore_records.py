"""自然人社保缴费清单查询: what the tax core has of a person, paid, declared or voided (protocols.md §3)."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from contract.insurance import InsuranceType
from contract.money import fen_from_yuan
from contract.people import Person
from contract.records import RecordState
from contract.upstream import UpstreamUnavailable
from kit.clock import CHINA
from services.contribution.adapters.esb import CoreRefused, Esb, find_all, find_text
from services.contribution.domain.records import CoreRecord

_MONTH = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])")

_log = logging.getLogger(__name__)


class EsbRecords:
    """Speaks to the tax core through the ESB."""

    def __init__(self, esb: Esb) -> None:
        self._esb, self._wire = esb, esb.wire

    def list_records(self, person: Person, period_from: str, period_to: str) -> Sequence[CoreRecord]:
        """See ContributionRecords."""
        asked = self._wire.asked
        try:
            answer = self._esb.ask("contribution_list", {
                asked.document_type: person.document_type.value, asked.document_number: person.document_number,
                asked.name: person.name, asked.period_from: period_from, asked.period_to: period_to,
            })  # fmt: skip
        except CoreRefused as refusal:
            if refusal.code == self._wire.codes.not_found:
                return ()
            raise UpstreamUnavailable() from None
        try:
            read = [self._record(item, person) for item in find_all(answer, self._wire.record.item)]
        except ValueError as error:
            _log.error("tax core answered a record that cannot be read: %s", error)
            raise UpstreamUnavailable() from None
        return [record for record in read if record is not None]

    def _record(self, item: Element, person: Person) -> CoreRecord | None:
        """None for a levy we do not handle. Raises ValueError; its text says nothing of the record."""
        names = self._wire.record
        if find_text(item, names.document_number).upper() != person.document_number:
            raise ValueError("it is somebody else's")
        insurance_type = self._wire.insurance_type(find_text(item, names.insurance_type))
        return None if insurance_type is None else self._known(item, insurance_type)

    def _known(self, item: Element, insurance_type: InsuranceType) -> CoreRecord:
        names = self._wire.record
        record_id, person_number = find_text(item, names.record_id), find_text(item, names.person_number)
        if not record_id or not person_number:
            raise ValueError("it has no name")
        state = self._state(find_text(item, names.state))
        paid_at = _moment(find_text(item, names.paid_at))
        if state is RecordState.PAID and paid_at is None:
            raise ValueError("it is paid, and has no time")
        try:
            amount = fen_from_yuan(find_text(item, names.amount))
        except ValueError:
            raise ValueError("its amount is none") from None
        return CoreRecord(
            record_id=record_id, insurance_type=insurance_type, person_number=person_number, amount=amount, state=state,
            agency_code=find_text(item, names.agency_code), agency_name=find_text(item, names.agency_name),
            period_from=_month(find_text(item, names.period_from)),
            period_to=_month(find_text(item, names.period_to)),
            declared_on=_day(find_text(item, names.declared_on)), paid_at=paid_at,
            channel=find_text(item, names.channel), receipt_number=find_text(item, names.receipt_number),
            authority_code=find_text(item, names.authority_code),
        )  # fmt: skip

    def _state(self, code: str) -> RecordState:
        states = self._wire.states
        known = {
            states.declared: RecordState.DECLARED, states.paid: RecordState.PAID, states.voided: RecordState.VOIDED,
        }  # fmt: skip
        if code not in known:
            raise ValueError("its state is not known")
        return known[code]


def _month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise ValueError("its period is none")
    return text


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError("its day is none") from None


def _moment(text: str) -> dt.datetime | None:
    """A time of day may be missing."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=CHINA) if text else None
    except ValueError:
        raise ValueError("its time is none") from None
