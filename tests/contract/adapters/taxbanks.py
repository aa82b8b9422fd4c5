"""Our adapter of the tax–bank subsystem, and the people it is asked about."""

from __future__ import annotations

from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from kit.breaker import Breaker
from kit.clock import SystemClock
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from sandbox.personas import personas
from sandbox.settings import DEMO_CREDENTIALS
from services.contribution.adapters.taxbank import HttpTaxBank

PENSION, MEDICAL = InsuranceType.PENSION, InsuranceType.MEDICAL


RESIDENT, FLEXIBLE = PayerKind.RESIDENT, PayerKind.FLEXIBLE


PEOPLE = {
    known.persona: Person(DocumentType.RESIDENT_ID, known.id_number, known.name) for known in personas()
}


def adapter(url: str, timeout: float = 5.0, key: str = DEMO_CREDENTIALS["TAXBANK_APP_KEY"]) -> HttpTaxBank:
    patient = Upstream("taxbank", Breaker(failures=1000, rest=0))
    sign = OpenPlatformKey(DEMO_CREDENTIALS["TAXBANK_APP_ID"], key)
    return HttpTaxBank(url, sign, timeout, SystemClock(), patient)
