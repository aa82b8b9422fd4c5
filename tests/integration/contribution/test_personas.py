"""Every persona ends at its prompt or its quote: the use cases, the real adapter, table and sandbox."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from contract import schema
from contract.contribution import (
    AgencyChoiceNeeded,
    AllPaid,
    AlreadyDeclared,
    Enrolment,
    EnrolmentNotFound,
    FindEnrolment,
    InsuranceTypeMissing,
    NothingPayable,
    PensionMissing,
    QuoteBackPayment,
    Quoted,
    QuotePayable,
    UpstreamUnavailable,
)
from contract.errors import ContractError
from contract.insurance import InsuranceType, PayerKind, PaymentKind
from contract.people import DocumentType, Person
from contract.quote import Quote, QuoteLine
from kit.breaker import Breaker
from kit.clock import CHINA, SystemClock
from kit.crypto import KeyRing
from kit.open_platform import OpenPlatformKey
from kit.upstream import Upstream
from sandbox.personas import personas
from sandbox.settings import DEMO_CREDENTIALS
from services.contribution import demonstration
from services.contribution.adapters.taxbank import HttpTaxBank
from services.contribution.storage.tiers import TierTable
from services.contribution.usecases import payables as usecases
from services.contribution.usecases.enrolments import Memory, find_enrolment
from services.contribution.usecases.payables import Sealer
from tests.contract.adapters.sandbox_process import RunningSandbox, running_sandbox
from tests.factories.keys import QUOTE_KEYS
from tests.fakes.contribution_taxbank import FakeKeptEnrolments
from tests.fakes.gateway_storage import FakeTransactions

PENSION, MEDICAL = InsuranceType.PENSION, InsuranceType.MEDICAL
KNOWN = {persona.persona: persona for persona in personas()}
SEAL = KeyRing.parse(QUOTE_KEYS)
SEALER = Sealer(SEAL, SystemClock(), 900)
THIS_YEAR = dt.datetime.now(CHINA).year


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        sandbox.api("PUT", "/people/upstream_slow/settings", {"taxbank": {"latency_ms": 50}})
        yield sandbox


@pytest.fixture(scope="module")
def taxbank(sandbox: RunningSandbox) -> Iterator[HttpTaxBank]:
    key = OpenPlatformKey(DEMO_CREDENTIALS["TAXBANK_APP_ID"], DEMO_CREDENTIALS["TAXBANK_APP_KEY"])
    patient = Upstream("taxbank", Breaker(failures=1000, rest=0))
    taxbank = HttpTaxBank(sandbox.url, key, 5.0, SystemClock(), patient)
    yield taxbank
    taxbank._http.close()


def person(persona: str) -> Person:
    return Person(DocumentType.RESIDENT_ID, KNOWN[persona].id_number, KNOWN[persona].name)


def enrolment_of(persona: str, taxbank: HttpTaxBank) -> Enrolment:
    memory = Memory(FakeTransactions(), FakeKeptEnrolments(), SystemClock(), dt.timedelta(0))
    return find_enrolment(FindEnrolment(person(persona)), taxbank, memory)


def quote(
    persona: str,
    insurance_type: InsuranceType,
    taxbank: HttpTaxBank,
    tx: Connection,
    tier_code: str = "",
    year: int = THIS_YEAR,
    agency_code: str = "",
) -> Quoted:
    """What the service does between “下一步” on the selection page and the check page."""
    demonstration.load(tx)
    enrolment = enrolment_of(persona, taxbank)
    entry = next(entry for entry in enrolment.entries if entry.insurance_type is insurance_type)
    asked = QuotePayable(person(persona), enrolment, entry.entry_id, year, tier_code, agency_code)
    tiers = usecases.list_tiers(usecases.tiers_asked(asked), tx, TierTable()).tiers
    return usecases.quote_payable(asked, tiers, taxbank, SEALER)


def quote_arrears(persona: str, taxbank: HttpTaxBank, agency_code: str = "") -> Quoted:
    """What the service does between “下一步” on 缴费人信息 and 补缴明细确认."""
    asked = QuoteBackPayment(person(persona), enrolment_of(persona, taxbank), agency_code)
    return usecases.quote_back_payment(asked, taxbank, SEALER)


PAYABLE = (
    ("medical_only", MEDICAL, "standard", "个人缴费标准", 40000),
    ("medical_and_pension", MEDICAL, "standard", "个人缴费标准", 40000),
    ("medical_and_pension", PENSION, "2000", "2000元档", 200000),
    ("pension_only", PENSION, "100", "100元档", 10000),
    ("two_agencies", MEDICAL, "standard", "个人缴费标准", 40000),
    ("flexible", PENSION, "60%", "60%基数档", 972864),
    ("flexible", MEDICAL, "", "", 413467),
    ("flexible_arrears", PENSION, "300%", "300%基数档", 4864320),
    ("arrears_13", PENSION, "500", "500元档", 50000),
    ("arrears_13", MEDICAL, "standard", "个人缴费标准", 40000),
    ("no_arrears", PENSION, "1500", "1500元档", 150000),
    ("dotted_name", MEDICAL, "standard", "个人缴费标准", 40000),
    ("rare_character", MEDICAL, "standard", "个人缴费标准", 40000),
    ("id_ends_in_x", PENSION, "300", "300元档", 30000),
    ("under_14", MEDICAL, "standard", "个人缴费标准", 40000),
    ("list_as_array", MEDICAL, "standard", "个人缴费标准", 40000),
    ("upstream_slow", MEDICAL, "standard", "个人缴费标准", 40000),
    ("declared_unpaid", MEDICAL, "standard", "个人缴费标准", 40000),
    ("declared_being_paid", PENSION, "200", "200元档", 20000),
    ("two_pensions", PENSION, "100", "100元档", 10000),
)


@pytest.mark.parametrize(("persona", "insurance_type", "tier_code", "label", "amount"), PAYABLE)
def test_a_persona_who_may_pay_gets_a_quote(
    taxbank: HttpTaxBank,
    tx: Connection,
    persona: str,
    insurance_type: InsuranceType,
    tier_code: str,
    label: str,
    amount: int,
) -> None:
    quoted = quote(persona, insurance_type, taxbank, tx, tier_code)
    assert (quoted.kind, quoted.lines) == (PaymentKind.NORMAL, (QuoteLine(THIS_YEAR, label, amount),))
    sealed = schema.load(Quote, json.loads(SEAL.open_text(quoted.quote, "quote")))
    assert (sealed.insured, sealed.amount) == (person(persona), amount)
    assert sealed.registration_number == KNOWN[persona].djxh


@pytest.mark.parametrize(
    ("persona", "error", "words"),
    [
        ("not_enrolled", EnrolmentNotFound, "税务部门没有接收到社保/医保部门发送过来的参保登记信息"),
        ("no_insurance_type", InsuranceTypeMissing, "该缴费人已存在基础信息，没有参保险种信息"),
        ("upstream_fails", UpstreamUnavailable, "没有扣款"),
    ],
)
def test_a_persona_without_enrolment_ends_at_its_prompt(
    taxbank: HttpTaxBank, persona: str, error: type[ContractError], words: str
) -> None:
    with pytest.raises(error, match=words):
        enrolment_of(persona, taxbank)


def test_who_owes_nothing_is_told_so(taxbank: HttpTaxBank, tx: Connection) -> None:
    with pytest.raises(NothingPayable, match=r"^查询不到您的待缴费信息，无需进行缴费。$"):
        quote("nothing_due", PENSION, taxbank, tx, "100")


@pytest.mark.parametrize("year", [THIS_YEAR, THIS_YEAR + 1])
def test_both_years_paid_is_said_for_either(taxbank: HttpTaxBank, tx: Connection, year: int) -> None:
    with pytest.raises(AllPaid, match="您已完成本年度及次年度城乡居民医疗保险的缴费"):
        quote("all_paid", MEDICAL, taxbank, tx, "standard", year)


@pytest.mark.parametrize(
    ("insurance_type", "tier_code", "days_ago", "channel", "amount"),
    [(MEDICAL, "standard", 60, "支付宝城市服务", "400.00"), (PENSION, "300", 45, "银行柜台", "300.00")],
)
def test_a_declared_year_says_when_how_and_what(
    taxbank: HttpTaxBank,
    tx: Connection,
    insurance_type: InsuranceType,
    tier_code: str,
    days_ago: int,
    channel: str,
    amount: str,
) -> None:
    with pytest.raises(AlreadyDeclared) as declared:
        quote("declared", insurance_type, taxbank, tx, tier_code)
    day = dt.datetime.now(CHINA) - dt.timedelta(days=days_ago)
    assert declared.value.message == (
        f"该缴费已于{day.year}年{day.month:02d}月{day.day:02d}日10时23分，通过{channel}已进行缴费。"
        f"缴费险种：{insurance_type.label}；缴费年度：{THIS_YEAR}年；缴费金额：{amount}元。"
    )


def test_the_next_year_of_a_declared_one_can_be_paid(taxbank: HttpTaxBank, tx: Connection) -> None:
    (line,) = quote("declared", MEDICAL, taxbank, tx, "standard", THIS_YEAR + 1).lines
    assert line.year == THIS_YEAR + 1


@pytest.mark.parametrize("chosen", [0, 1])
def test_who_must_choose_the_agency_again_is_quoted_for_the_one_chosen(
    taxbank: HttpTaxBank, tx: Connection, chosen: int
) -> None:
    places = KNOWN["two_agencies_again"].enrolments
    with pytest.raises(AgencyChoiceNeeded) as needed:
        quote("two_agencies_again", MEDICAL, taxbank, tx, "standard")
    assert needed.value.detail["agencies"] == [
        {"code": place.agency.code, "name": place.agency.name} for place in places
    ]
    place = places[chosen]
    quoted = quote("two_agencies_again", MEDICAL, taxbank, tx, "standard", agency_code=place.agency.code)
    assert (quoted.entry.agency_name, quoted.entry.person_number) == (place.agency.name, place.person_number)


NO_PENSION, NOTHING = (
    (PensionMissing, "^查询不到您的养老保险参保登记信息（只有养老保险允许补缴），请前往社保机构进行登记。$"),
    (NothingPayable, "^查询不到您的待缴费信息，无需进行缴费。$"),
)
BACK_PAYMENT_REFUSED: dict[str, tuple[type[ContractError], str]] = {
    "not_enrolled": (EnrolmentNotFound, "^查询不到您的参保登记信息，请前往社保机构进行登记。"),
    "no_insurance_type": (InsuranceTypeMissing, "该缴费人已存在基础信息，没有参保险种信息"),
    "upstream_fails": (UpstreamUnavailable, "没有扣款"),
    "two_pensions": (AgencyChoiceNeeded, "您在多个地方参保，请选择本次缴费的社保经办机构"),
    **dict.fromkeys(
        ("medical_only", "two_agencies", "two_agencies_again", "all_paid", "rare_character", "under_14",
         "list_as_array", "upstream_slow"),
        NO_PENSION,
    ),
    **dict.fromkeys(
        ("medical_and_pension", "pension_only", "declared", "flexible", "no_arrears", "dotted_name",
         "id_ends_in_x", "declared_unpaid", "declared_being_paid", "nothing_due"),
        NOTHING,
    ),
}  # fmt: skip
BEHIND = {
    "arrears_13": (PayerKind.RESIDENT, 13, "100元档", 10000),
    "flexible_arrears": (PayerKind.FLEXIBLE, 3, "60%基数档", 972864),
}


def test_every_persona_is_walked() -> None:
    ended = {"not_enrolled", "no_insurance_type", "upstream_fails", "all_paid", "nothing_due"}
    assert {persona for persona, *_ in PAYABLE} | ended | {"declared", "two_agencies_again"} == set(KNOWN)
    assert {*BACK_PAYMENT_REFUSED, *BEHIND} == set(KNOWN)


@pytest.mark.parametrize("persona", sorted(BACK_PAYMENT_REFUSED))
def test_a_persona_who_cannot_back_pay_ends_at_its_prompt(taxbank: HttpTaxBank, persona: str) -> None:
    error, words = BACK_PAYMENT_REFUSED[persona]
    with pytest.raises(error, match=words):
        quote_arrears(persona, taxbank)


@pytest.mark.parametrize("persona", sorted(BEHIND))
def test_a_persona_who_is_behind_is_quoted_every_year(taxbank: HttpTaxBank, persona: str) -> None:
    kind, count, label, amount = BEHIND[persona]
    quoted = quote_arrears(persona, taxbank)
    years = range(THIS_YEAR - count, THIS_YEAR)
    assert quoted.lines == tuple(QuoteLine(year, label, amount) for year in years)
    sealed = schema.load(Quote, json.loads(SEAL.open_text(quoted.quote, "quote")))
    assert (sealed.kind, sealed.lines, sealed.amount) == (PaymentKind.BACK, quoted.lines, count * amount)
    assert (sealed.payer_kind, sealed.insurance_type) == (kind, PENSION)


@pytest.mark.parametrize("chosen", [0, 1])
def test_of_two_pensions_the_one_chosen_is_back_paid(taxbank: HttpTaxBank, chosen: int) -> None:
    place = KNOWN["two_pensions"].enrolments[chosen]
    quoted = quote_arrears("two_pensions", taxbank, place.agency.code)
    assert (quoted.entry.agency_name, quoted.entry.person_number) == (place.agency.name, place.person_number)
    assert [line.year for line in quoted.lines] == [THIS_YEAR - 2, THIS_YEAR - 1]


def test_enrolment_is_asked_once_and_payables_once(
    sandbox: RunningSandbox, taxbank: HttpTaxBank, tx: Connection
) -> None:
    before = Counter(sandbox.api("GET", "/counters?person=rare_character"))
    quote("rare_character", MEDICAL, taxbank, tx, "standard")
    asked = Counter(sandbox.api("GET", "/counters?person=rare_character")) - before
    assert asked == {"taxbank.insured": 1, "taxbank.resident_payable": 1}


def test_a_back_payment_asks_as_often_as_a_normal_one(sandbox: RunningSandbox, taxbank: HttpTaxBank) -> None:
    """By the payer's kind, and without a pension not at all (3.2.1.6)."""
    interfaces = {"arrears_13": "resident_payable", "flexible_arrears": "flexible_payable", "under_14": None}
    for persona, interface in interfaces.items():
        before = Counter(sandbox.api("GET", f"/counters?person={persona}"))
        with contextlib.suppress(PensionMissing):
            quote_arrears(persona, taxbank)
        asked = Counter(sandbox.api("GET", f"/counters?person={persona}")) - before
        assert asked == {"taxbank.insured": 1} | ({f"taxbank.{interface}": 1} if interface else {})
