"""What the pages of a journey say, word for word where the requirements give the words."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from contract.insurance import InsuranceType, PaymentKind
from services.gateway.domain.drafts import Draft, Journey, JourneyState, Selection
from services.gateway.domain.sessions import Session
from services.gateway.pages import Pages
from tests.unit.gateway.conftest import MEDICAL, NOW, PAYER, PERSON, enrolment, quoted, quoted_arrears

SOLE = Draft(PERSON, enrolment(MEDICAL), selection=Selection(InsuranceType.MEDICAL, MEDICAL.entry_id, 2026))
BACK = replace(SOLE, kind=PaymentKind.BACK, quoted=quoted_arrears())


def html(template: str, draft: Draft, **context: Any) -> str:
    request = Request(EnvironBuilder(path="/journeys/journey-1").get_environ())
    session = Session(b"", "openid", "csrf", NOW, NOW, payer=PAYER)
    journey = Journey("journey-1", PAYER.person_id, JourneyState.OPEN, draft, 1, NOW, NOW)
    return Pages().render(template, request, session, journey=journey, **context).get_data(as_text=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def back_payment(shown: int, draft: Draft = BACK) -> str:
    return html("back_payment.html", draft, quoted=draft.quoted, reminder_phone="", shown=shown, at_once=5)


@pytest.mark.parametrize(("relation", "whose"), [(None, "您"), ("relation-1", "被缴费人韦**")])
def test_the_sole_agency_is_confirmed_in_the_words_of_3_2_1_15(relation: str | None, whose: str) -> None:
    draft = replace(SOLE, insured_relation_id=relation)
    assert (
        f"您已选择南宁市青秀区作为{whose} 2026 年参保并享受医保待遇所在地，核实无误可继续缴费。"
        f"如南宁市青秀区与{whose}当前希望享受医保待遇的地点不一致，"
        "请先到享受医保待遇地医保部门办理参保登记后再缴费。"
    ) in words(html("confirmation.html", draft, place="南宁市青秀区"))


@pytest.mark.parametrize(("shown", "lines", "more"), [(5, 5, True), (10, 10, True), (15, 13, False)])
def test_back_payment_shows_its_years_five_at_a_time_and_always_the_whole_sum(
    shown: int, lines: int, more: bool
) -> None:
    page = back_payment(shown)
    assert re.findall(r"<dt>(\d{4})年</dt>", page) == [str(year) for year in range(2013, 2013 + lines)]
    assert ("加载更多..." in page) is more
    assert (f"shown={shown + 5}" in page) is more
    assert "补缴 13 个年度，金额合计 1300.00 元" in words(page)
    assert "只能一次性补缴所有年份" in page


def test_five_years_need_nothing_more() -> None:
    page = back_payment(5, replace(BACK, quoted=quoted_arrears(2021, 2025)))
    assert "加载更多" not in page
    assert "已显示" not in page


@pytest.mark.parametrize(
    ("quote", "said"),
    [(quoted(), " 2026年养老保险 300.00 元"), (quoted_arrears(), " 补缴 2013-2025年养老保险 1300.00 元")],
)
def test_the_payment_page_says_what_is_paid_for(quote: Any, said: str) -> None:
    draft = replace(SOLE, quoted=quote, idempotency_key="key")
    text = words(html("payment.html", draft, quoted=quote))
    assert said in text
    assert f"确认缴费 {quote.amount // 100}.00 元" in text


def test_payment_is_normal_unless_back_payment_was_chosen() -> None:
    checked = re.compile(r'value="(\w+)" checked')
    for draft in (SOLE, replace(SOLE, insured_relation_id="relation-1"), BACK):
        assert checked.findall(html("payer.html", draft)) == [draft.kind.value]


@pytest.mark.parametrize(("kind", "page"), [(PaymentKind.NORMAL, "choice"), (PaymentKind.BACK, "check")])
def test_who_waits_for_the_enrolment_goes_on_to_the_page_of_their_kind(kind: PaymentKind, page: str) -> None:
    journey = Journey("journey-1", PAYER.person_id, JourneyState.OPEN, Draft(PERSON, kind=kind), 1, NOW, NOW)
    assert journey.first_page == page
