"""What the pages of a batch say: of those who can be paid for, and as loudly of those who cannot."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.contribution import AgencyChoiceNeeded, AllPaid, EnrolmentNotFound, QueuePlace
from contract.errors import ContractError
from contract.household import Insured
from contract.insurance import InsuranceType
from contract.payment import LiveOrderExists
from contract.people import DocumentType, Person
from contract.upstream import UpstreamBusy
from services.gateway.domain.batches import Batch, BatchState, Line, Progress, Sheet, Terms
from services.gateway.domain.drafts import Draft
from services.gateway.domain.sessions import Session
from services.gateway.pages import Pages
from services.gateway.usecases.journeys import draft_for
from tests.unit.gateway.conftest import MEDICAL, NOW, PAYER, quoted

BATCH = Batch("batch-1", PAYER.person_id, BatchState.OPEN, Terms(InsuranceType.MEDICAL, 2026), 1, NOW, NOW)


def draft(name: str = "") -> Draft:
    """Somebody else's, or the payer's own."""
    if not name:
        return draft_for(PAYER, None)
    person = Person(DocumentType.RESIDENT_ID, "450181201905203012", name)
    return draft_for(PAYER, Insured("relation", person, "", None))


def payable(name: str = "") -> Line:
    medical = replace(quoted(40_000), entry=MEDICAL)
    return Line("line-1", "batch-1", 1, draft(name)).settled(replace(draft(name), quoted=medical))


def blocked(name: str, error: ContractError) -> Line:
    return Line("line-2", "batch-1", 2, draft(name)).refused(error)


def html(template: str, *lines: Line, **context: Any) -> str:
    request = Request(EnvironBuilder(path="/batches/batch-1/check").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    shared = {"sheet": Sheet(BATCH, lines), "batch": BATCH, "reminder_phone": ""} | context
    return Pages().render(template, request, session, **shared).get_data(as_text=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_the_sum_is_of_those_who_can_be_paid_for_and_says_so() -> None:
    text = words(html("batch_check.html", payable(), payable("谭子涵"), blocked("李四", AllPaid())))
    assert "可以缴费 2 人，合计 800.00 元；1 人不能缴费，原因见下。" in text
    assert "2 人，缴费金额合计 800.00 元" in text
    assert "这次不会为他们缴费，合计里没有他们的金额" in text
    assert text.index("李*") < text.index("可以缴费的 2 人") < text.index("谭**")


def test_where_nobody_can_be_paid_for_nothing_can_be_confirmed() -> None:
    page = html("batch_check.html", blocked("李四", EnrolmentNotFound()))
    assert "现在都不能缴费" in words(page)
    assert "没有扣款" in words(page)
    assert "下一步" not in page


@pytest.mark.parametrize(
    ("error", "way"),
    [
        (AgencyChoiceNeeded(), "去选择"), (UpstreamBusy.behind(3, 9), "再查一次（1 人）"),
        (LiveOrderExists(order_id="order-0"), "查看这笔缴费"), (AllPaid(), "移除"),
    ],
)  # fmt: skip
def test_every_reason_has_its_words_and_its_way_on(error: ContractError, way: str) -> None:
    page = html("batch_check.html", payable(), blocked("李四", error))
    assert error.message in page
    assert way in words(page)
    others = {"去选择", "再查一次", "查看这笔缴费"} - {way, way[:4]}
    assert not [text for text in others if text in words(page)]


def test_no_page_shows_a_name_or_a_number() -> None:
    lines = (payable("谭子涵"), blocked("李四", AllPaid()))
    for template in ("batch_check.html", "batch_payment.html", "batch_people.html"):
        page = html(template, *lines, picks=(), own_free=True, most=50, wrong=())
        assert not re.search("谭子涵|李四|450181201905203012|韦秀兰", page)


def test_places_are_confirmed_together_in_the_words_of_3_2_1_15() -> None:
    text = words(html("batch_payment.html", payable(), payable("谭子涵"), blocked("李四", AllPaid())))
    assert (
        "您已选择南宁市青秀区作为您、被缴费人谭** 2026 年参保并享受医保待遇所在地，核实无误可继续缴费。"
        "如南宁市青秀区与他们当前希望享受医保待遇的地点不一致，请先到享受医保待遇地医保部门办理参保登记后再缴费。"
    ) in text
    assert "核实无误，确认缴费 800.00 元" in text
    assert "另有 1 人不能缴费" in text


@pytest.mark.parametrize(
    ("ahead", "said"), [(None, "已查询 7 / 12 人 "), (3, "已查询 7 / 12 人，您前面还有 3 人 ")]
)
def test_who_waits_sees_how_far_it_is_and_the_page_looks_by_itself(ahead: int | None, said: str) -> None:
    progress, place = Progress(12, 5, 4, "line-8"), QueuePlace(ahead, 9)
    page = html("batch_asking.html", progress=progress, place=place, seconds=3)
    assert said in words(page)
    assert '<meta http-equiv="refresh" content="3; url=/batches/batch-1/asking">' in page
    assert "没有扣款" in page
