"""三方协议 at the tax core: 签订, 验证 and 解除 as TIPS 9114/9115, 查询 (protocols.md §4).

The core names an agreement by our own id (sfxydjuuid). Where an answer contradicts itself nobody knows what happened,
which is UpstreamUnavailable.
"""

from __future__ import annotations

import logging
from xml.etree.ElementTree import Element

from contract.upstream import UpstreamUnavailable
from services.contribution.adapters.esb import CoreRefused, Esb, find_all, find_text
from services.contribution.domain.agreements import Agreement, Question, Report, Trigger

_NO_REFUSAL = {"", "000"}
"""Codes that do not say no: with them, a reply that is no success says nothing."""
_LONGEST_WORDS = 200

_log = logging.getLogger(__name__)


class EsbAgreements:
    """Speaks to the tax core through the ESB."""

    def __init__(self, esb: Esb) -> None:
        self._esb, self._names, self._values = esb, esb.wire.agreement, esb.wire.agreement_values

    def ask(self, agreement: Agreement, question: Question) -> Report:
        """See AgreementDesk."""
        asking = {
            Question.SIGN: self._sign, Question.VERIFY: self._verify, Question.CANCEL: self._cancel,
            Question.LOOK_UP: self._look_up,
        }  # fmt: skip
        try:
            trigger, words = asking[question](agreement)
        except ValueError as error:
            _log.error("tax core answered an agreement that cannot be read: %s", error)
            raise UpstreamUnavailable() from None
        return Report(trigger, question, words[:_LONGEST_WORDS])

    def _sign(self, agreement: Agreement) -> tuple[Trigger, str]:
        names = self._names
        assert agreement.account_number is not None, "it is kept until the core has it"
        assert agreement.holder is not None
        asked = self._named(agreement) | {
            names.bank_code: agreement.bank_code, names.clearing_number: agreement.clearing_number,
            names.account_number: agreement.account_number, names.holder: agreement.holder,
            names.authority_code: agreement.authority_code,
        }  # fmt: skip
        try:
            row = self._own(self._esb.ask("sign_agreement", asked), agreement)
        except CoreRefused as refusal:
            return Trigger.REFUSED, _clear(refusal).message
        return self._state(row), find_text(row, names.words)

    def _verify(self, agreement: Agreement) -> tuple[Trigger, str]:
        """A refusal of the core itself is no answer of the bank: what the core has is looked up."""
        values = self._values
        try:
            row = self._asked_bank(agreement, values.verify)
        except CoreRefused as refusal:
            return Trigger.UNANSWERED, refusal.message
        result, state = find_text(row, self._names.result), self._state(row)
        words = find_text(row, self._names.words)
        if result == values.failed and state in (Trigger.OVER, Trigger.ACCEPTED):
            return Trigger.REFUSED, words
        self._expect(result, {values.passed: (Trigger.PASSED, Trigger.ACCEPTED), "": tuple(Trigger)}, state)
        return state, ""

    def _cancel(self, agreement: Agreement) -> tuple[Trigger, str]:
        values = self._values
        try:
            row = self._asked_bank(agreement, values.cancel)
        except CoreRefused as refusal:
            return Trigger.KEPT, _clear(refusal).message
        result, state = find_text(row, self._names.result), self._state(row)
        if result == values.failed and state in (Trigger.PASSED, Trigger.ENDING):
            return Trigger.KEPT, find_text(row, self._names.words)
        self._expect(result, {values.passed: (Trigger.OVER, Trigger.ENDING), "": tuple(Trigger)}, state)
        return state, ""

    def _look_up(self, agreement: Agreement) -> tuple[Trigger, str]:
        names = self._names
        try:
            answer = self._esb.ask(
                "list_agreements", {names.registration_number: agreement.registration_number}
            )
        except CoreRefused:
            raise UpstreamUnavailable() from None
        rows = [
            row for row in find_all(answer, names.item)
            if find_text(row, names.agreement_id) == agreement.agreement_id
        ]  # fmt: skip
        if not rows:
            return Trigger.ABSENT, ""
        if len({find_text(row, names.state) for row in rows}) > 1:
            raise ValueError("it is there twice")
        state = self._state(rows[0])
        return state, find_text(rows[0], names.words) if state is Trigger.OVER else ""

    def _asked_bank(self, agreement: Agreement, sign: str) -> Element:
        asked = self._named(agreement) | {self._names.sign: sign}
        return self._own(self._esb.ask("verify_agreement", asked), agreement)

    def _named(self, agreement: Agreement) -> dict[str, str]:
        return {
            self._names.registration_number: agreement.registration_number,
            self._names.agreement_id: agreement.agreement_id,
        }

    def _own(self, answer: Element, agreement: Agreement) -> Element:
        rows = list(find_all(answer, self._names.item))
        if len(rows) != 1 or find_text(rows[0], self._names.agreement_id) != agreement.agreement_id:
            raise ValueError("it is another one")
        return rows[0]

    def _state(self, row: Element) -> Trigger:
        values = self._values
        known = {
            values.pending: Trigger.ACCEPTED, values.active: Trigger.PASSED, values.cancel_pending: Trigger.ENDING,
            values.cancelled: Trigger.OVER,
        }  # fmt: skip
        code = find_text(row, self._names.state)
        if code not in known:
            raise ValueError("its state is not known")
        return known[code]

    def _expect(self, result: str, fitting: dict[str, tuple[Trigger, ...]], state: Trigger) -> None:
        if state not in fitting.get(result, ()):
            raise ValueError("its state and the bank's answer do not fit")


def _clear(refusal: CoreRefused) -> CoreRefused:
    if refusal.code in _NO_REFUSAL:
        raise UpstreamUnavailable() from None
    return refusal
