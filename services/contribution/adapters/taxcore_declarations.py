"""申报作废 at the tax core (protocols.md §3)."""

from __future__ import annotations

from contract.declarations import DeclarationNotFound, DeclarationPaid, VoidRefused
from contract.people import Person
from services.contribution.adapters.esb import CoreRefused, Esb


class EsbDeclarations:
    """Speaks to the tax core through the ESB."""

    def __init__(self, esb: Esb) -> None:
        self._esb, self._wire = esb, esb.wire

    def void(self, person: Person, record_id: str, reason: str) -> None:
        """See Declarations."""
        asked, codes = self._wire.asked, self._wire.codes
        try:
            self._esb.ask("void_declaration", {
                asked.document_type: person.document_type.value, asked.document_number: person.document_number,
                asked.name: person.name, asked.record_id: record_id, asked.reason: reason,
            })  # fmt: skip
        except CoreRefused as refusal:
            if refusal.code == codes.not_found:
                raise DeclarationNotFound() from None
            if refusal.code == codes.paid_already:
                raise DeclarationPaid() from None
            if refusal.code != codes.voided_already:
                raise _refused(refusal.message) from None


def _refused(message: str) -> VoidRefused:
    words = message.rstrip("。")
    return VoidRefused(f"税务系统没有同意作废：{words}。申报没有改变。" if words else None)
