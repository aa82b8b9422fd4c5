"""Our adapter of the tax–bank subsystem against the sandbox, for every persona."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from contract.contribution import Enrolment, EnrolmentEntry, UpstreamUnavailable
from contract.insurance import InsuranceType, PayerKind
from contract.people import DocumentType, Person
from kit.clock import CHINA, china_text
from sandbox.personas import personas
from services.contribution.adapters.taxbank import HttpTaxBank
from tests.contract.adapters.sandbox_process import RunningSandbox
from tests.contract.adapters.taxbanks import FLEXIBLE, MEDICAL, PENSION, PEOPLE, RESIDENT, adapter

THIS_YEAR = dt.datetime.now(CHINA).year


# What the subsystem says of each persona: kind, and the county and type of every entry. None: not known.
ENROLLED: dict[str, tuple[PayerKind, list[tuple[str, InsuranceType]]] | None] = {
    "medical_only": (RESIDENT, [("450103", MEDICAL)]),
    "medical_and_pension": (RESIDENT, [("450202", MEDICAL), ("450202", PENSION)]),
    "pension_only": (RESIDENT, [("450123", PENSION)]),
    "not_enrolled": None,
    "no_insurance_type": (RESIDENT, []),
    "two_agencies": (RESIDENT, [("450103", MEDICAL), ("450202", MEDICAL)]),
    "two_agencies_again": (RESIDENT, [("450902", MEDICAL), ("450702", MEDICAL)]),
    "all_paid": (RESIDENT, [("450721", MEDICAL)]),
    "declared": (RESIDENT, [("451002", MEDICAL), ("451002", PENSION)]),
    "flexible": (FLEXIBLE, [("451121", PENSION), ("451121", MEDICAL)]),
    "flexible_arrears": (FLEXIBLE, [("451322", PENSION)]),
    "arrears_13": (RESIDENT, [("451225", MEDICAL), ("451225", PENSION)]),
    "no_arrears": (RESIDENT, [("450328", PENSION)]),
    "dotted_name": (RESIDENT, [("450108", MEDICAL), ("450108", PENSION)]),
    "rare_character": (RESIDENT, [("450205", MEDICAL)]),
    "id_ends_in_x": (RESIDENT, [("450103", MEDICAL), ("450103", PENSION)]),
    "under_14": (RESIDENT, [("450181", MEDICAL)]),
    "list_as_array": (RESIDENT, [("451302", MEDICAL)]),
    "upstream_slow": (RESIDENT, [("450802", MEDICAL)]),
    "declared_unpaid": (RESIDENT, [("450327", MEDICAL), ("450327", PENSION)]),
    "declared_being_paid": (RESIDENT, [("451228", PENSION)]),
    "nothing_due": (RESIDENT, [("450804", PENSION)]),
    "two_pensions": (RESIDENT, [("451324", PENSION), ("451323", PENSION)]),
}


@pytest.fixture(scope="module")
def taxbank(sandbox: RunningSandbox) -> Iterator[HttpTaxBank]:
    sandbox.api("PUT", "/people/upstream_slow/settings", {"taxbank": {"latency_ms": 50}})
    taxbank = adapter(sandbox.url)
    yield taxbank
    taxbank._http.close()


def enrolment_of(taxbank: HttpTaxBank, persona: str) -> Enrolment:
    enrolment = taxbank.find_enrolment(PEOPLE[persona])
    assert enrolment is not None
    return enrolment


def payables_of(taxbank: HttpTaxBank, persona: str, year: int | None, insurance_type: InsuranceType) -> Any:
    enrolment = enrolment_of(taxbank, persona)
    entry = next(entry for entry in enrolment.entries if entry.insurance_type is insurance_type)
    return taxbank.find_payables(PEOPLE[persona], enrolment.payer_kind, entry, year)


def test_every_persona_is_expected_here() -> None:
    assert set(ENROLLED) | {"upstream_fails"} == set(PEOPLE)


@pytest.mark.parametrize("persona", sorted(ENROLLED))
def test_enrolment_of_every_persona(taxbank: HttpTaxBank, persona: str) -> None:
    enrolment, expected = taxbank.find_enrolment(PEOPLE[persona]), ENROLLED[persona]
    if expected is None:
        assert enrolment is None
        return
    assert enrolment is not None
    kind, entries = expected
    assert enrolment.payer_kind is kind
    assert [(entry.division_code, entry.insurance_type) for entry in enrolment.entries] == entries
    assert len({entry.entry_id for entry in enrolment.entries}) == len(entries)


def test_an_entry_carries_what_an_order_needs(taxbank: HttpTaxBank) -> None:
    (known,) = [person for person in personas() if person.persona == "pension_only"]
    (entry,) = enrolment_of(taxbank, "pension_only").entries
    enrolled = known.enrolments[0]
    assert entry == EnrolmentEntry(
        "1", PENSION, enrolled.agency.code, enrolled.agency.name, enrolled.person_number, enrolled.agency.authority,
        "450123", "102100100",
    )  # fmt: skip
    assert enrolment_of(taxbank, "pension_only").registration_number == known.djxh


@pytest.mark.parametrize(
    ("persona", "insurance_type", "year", "count"),
    [
        ("medical_only", MEDICAL, THIS_YEAR, 1),
        ("medical_only", MEDICAL, THIS_YEAR + 1, 1),
        ("medical_only", MEDICAL, THIS_YEAR + 2, 0),
        ("medical_and_pension", PENSION, THIS_YEAR, 12),
        ("pension_only", PENSION, THIS_YEAR, 12),
        ("pension_only", PENSION, THIS_YEAR + 1, 0),
        ("two_agencies", MEDICAL, THIS_YEAR, 1),
        ("two_agencies_again", MEDICAL, THIS_YEAR, 2),
        ("all_paid", MEDICAL, THIS_YEAR, 1),
        ("all_paid", MEDICAL, THIS_YEAR + 1, 1),
        ("declared", MEDICAL, THIS_YEAR, 1),
        ("declared", MEDICAL, THIS_YEAR + 1, 1),
        ("declared", PENSION, THIS_YEAR, 1),
        ("flexible", PENSION, THIS_YEAR, 7),
        ("flexible", MEDICAL, THIS_YEAR, 1),
        ("flexible_arrears", PENSION, THIS_YEAR, 7),
        ("arrears_13", PENSION, THIS_YEAR, 12),
        ("no_arrears", PENSION, THIS_YEAR, 12),
        ("dotted_name", MEDICAL, THIS_YEAR, 1),
        ("rare_character", MEDICAL, THIS_YEAR, 1),
        ("id_ends_in_x", PENSION, THIS_YEAR, 12),
        ("under_14", MEDICAL, THIS_YEAR, 1),
        ("list_as_array", MEDICAL, THIS_YEAR, 1),
        ("upstream_slow", MEDICAL, THIS_YEAR, 1),
        ("nothing_due", PENSION, THIS_YEAR, 0),
    ],
)
def test_payables_of_every_persona(
    taxbank: HttpTaxBank, persona: str, insurance_type: InsuranceType, year: int, count: int
) -> None:
    payables = payables_of(taxbank, persona, year, insurance_type)
    assert len(payables) == count
    assert all(payable.year == year and payable.amount > 0 for payable in payables)


@pytest.mark.parametrize(
    ("persona", "count", "label"),
    [("arrears_13", 13, "100元档"), ("flexible_arrears", 3, "60%基数档"), ("no_arrears", 0, "")],
)
def test_back_payment_is_asked_for_all_years(
    taxbank: HttpTaxBank, persona: str, count: int, label: str
) -> None:
    payables = payables_of(taxbank, persona, None, PENSION)
    assert [payable.year for payable in payables] == list(range(THIS_YEAR - count, THIS_YEAR))
    assert all(payable.tier_label == label and not payable.paid for payable in payables)
    assert all(p.period == (f"{p.year}01", f"{p.year}12") for p in payables)


def test_amounts_are_fen_and_tiers_have_their_names(taxbank: HttpTaxBank) -> None:
    tiers = payables_of(taxbank, "pension_only", THIS_YEAR, PENSION)
    assert [(tier.tier_label, tier.amount) for tier in tiers][:2] == [("100元档", 10000), ("200元档", 20000)]
    (medical,) = payables_of(taxbank, "medical_only", THIS_YEAR, MEDICAL)
    assert (medical.tier_label, medical.amount, medical.paid, medical.paid_at) == ("", 40000, False, "")
    base = payables_of(taxbank, "flexible", THIS_YEAR, PENSION)[0]
    assert (base.tier_label, base.amount) == ("60%基数档", 972864)


def test_a_paid_year_says_when_and_through_which_channel(taxbank: HttpTaxBank) -> None:
    (paid,) = payables_of(taxbank, "declared", THIS_YEAR, MEDICAL)
    day = (dt.datetime.now(CHINA) - dt.timedelta(days=60)).replace(hour=10, minute=23)
    assert (paid.paid, paid.paid_channel) == (True, "支付宝城市服务")
    assert paid.paid_at == china_text(day).replace(" ", "")
    (unpaid,) = payables_of(taxbank, "declared", THIS_YEAR + 1, MEDICAL)
    assert not unpaid.paid


def test_several_agencies_in_a_medical_answer_are_told_apart(taxbank: HttpTaxBank) -> None:
    payables = payables_of(taxbank, "two_agencies_again", THIS_YEAR, MEDICAL)
    entries = enrolment_of(taxbank, "two_agencies_again").entries
    assert [(p.agency_code, p.agency_name) for p in payables] == [
        (entry.agency_code, entry.agency_name) for entry in entries
    ]


def test_a_list_of_one_may_be_the_object_itself_or_an_array(
    sandbox: RunningSandbox, taxbank: HttpTaxBank
) -> None:
    answers = []
    for shape in ("object", "array"):
        sandbox.api("PUT", "/people/medical_only/settings", {"taxbank": {"single_item": shape}})
        payables = payables_of(taxbank, "medical_only", THIS_YEAR, MEDICAL)
        answers.append((enrolment_of(taxbank, "medical_only"), payables))
    sandbox.api("PUT", "/people/medical_only/settings", {"taxbank": {"single_item": "object"}})
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("450103197806122040", "韦秀"),
        ("450103197806122041", "韦秀兰"),
        ("", ""),
    ],
)
def test_number_and_name_must_belong_together(taxbank: HttpTaxBank, number: str, name: str) -> None:
    assert taxbank.find_enrolment(Person(DocumentType.RESIDENT_ID, number, name)) is None


FAULTS = {
    "503": {"error_rate": 1.0},
    "no answer": {"timeout_rate": 1.0, "timeout_seconds": 0.6},
    "late": {"latency_ms": 600},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_an_upstream_that_does_not_answer_is_unavailable(sandbox: RunningSandbox, fault: str) -> None:
    impatient = adapter(sandbox.url, timeout=0.3)
    entry = enrolment_of(impatient, "under_14").entries[0]
    none = {"error_rate": 0.0, "timeout_rate": 0.0, "latency_ms": 0}
    sandbox.api("PUT", "/people/under_14/settings", {"taxbank": FAULTS[fault]})
    try:
        with pytest.raises(UpstreamUnavailable, match="没有扣款"):
            impatient.find_enrolment(PEOPLE["under_14"])
        with pytest.raises(UpstreamUnavailable):
            impatient.find_payables(PEOPLE["under_14"], RESIDENT, entry, THIS_YEAR)
    finally:
        sandbox.api("PUT", "/people/under_14/settings", {"taxbank": none})
        impatient._http.close()


def test_the_persona_whose_upstream_always_fails(taxbank: HttpTaxBank) -> None:
    with pytest.raises(UpstreamUnavailable):
        taxbank.find_enrolment(PEOPLE["upstream_fails"])


def test_a_wrong_key_is_unavailable(sandbox: RunningSandbox) -> None:
    stranger = adapter(sandbox.url, key="another key" * 3)
    with pytest.raises(UpstreamUnavailable):
        stranger.find_enrolment(PEOPLE["medical_only"])
    stranger._http.close()


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(UpstreamUnavailable):
        adapter("http://127.0.0.1:9").find_enrolment(PEOPLE["medical_only"])
