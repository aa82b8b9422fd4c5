"""What other tax systems tell: which word counts, what does not fit, and where it shows (docs/adr/0019)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.events import Envelope, UnfitEvent
from contract.external import ExternalContribution
from contract.insurance import Channel, InsuranceType
from contract.paid import ListPaid
from contract.people import Person
from contract.places import Division, Place
from services.payment.domain.external import ExternalEvent, ExternalState, lines_of
from services.payment.publishers import BadPublishers, Publishers
from services.payment.usecases import ordering
from tests.fakes.payment_external import (
    OPERATOR,
    PUBLISHER_KEYS,
    SOURCE,
    FakeExternalStorage,
    a_contribution,
    failed,
    key_of,
    refunded,
    said,
    succeeded,
)
from tests.fakes.payment_orders import INSURED, NOW
from tests.fakes.payment_service import Payment, make_payment

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def payment() -> Payment:
    return make_payment(publisher_keys=PUBLISHER_KEYS)


def hear(payment: Payment, event: ExternalEvent, event_id: str = "1", **envelope: Any) -> None:
    ordering.record_external(None, event, said(event, event_id, **envelope), payment.wiring)


def after(*heard: tuple[ExternalEvent, Envelope]) -> FakeExternalStorage:
    storage = FakeExternalStorage()
    for event, envelope in heard:
        for line in lines_of(event, envelope):
            storage.keep(None, line, NOW)
    return storage


def states(payment: Payment) -> list[ExternalState]:
    return [line.state for line in payment.external.lines.values()]


_EVENTS = st.builds(
    lambda make, at, minutes, number, amount, years: (
        event := make("city-1", at, years=years, amount=amount * len(years), external=ExternalContribution(
            key_of(INSURED), amounts=(amount,) * len(years))),
        said(event, str(number), at + dt.timedelta(minutes=minutes)),
    ),
    st.sampled_from((succeeded, failed, refunded)), st.sampled_from((NOW, LATER)), st.integers(0, 3),
    st.integers(1, 4), st.sampled_from((100, 40000)), st.sampled_from(((2026,), (2025, 2026))),
)  # fmt: skip


@given(
    st.lists(_EVENTS, min_size=1, max_size=7).flatmap(
        lambda heard: st.tuples(st.just(heard), st.permutations(heard))
    )
)
def test_the_same_events_leave_the_same_lines_in_whatever_order_they_come(
    orders: tuple[list[tuple[ExternalEvent, Envelope]], list[tuple[ExternalEvent, Envelope]]],
) -> None:
    """Of one id there is one event: what comes twice under one id is the inbox's matter."""
    told, shuffled = orders
    first = {envelope.id: (event, envelope) for event, envelope in reversed(told)}
    expected = after(*first.values())
    again = [first[envelope.id] for _, envelope in shuffled]
    assert after(*again).lines == expected.lines
    assert after(*again, *again).lines == expected.lines


def test_a_refund_that_comes_before_its_payment_stays_a_refund(payment: Payment) -> None:
    hear(payment, refunded(), "2", time=LATER)
    hear(payment, succeeded(), "1")
    assert states(payment) == [ExternalState.REFUNDED]
    assert [line.at for line in payment.external.lines.values()] == [NOW]


@pytest.mark.parametrize("order", [(succeeded, failed), (failed, succeeded)])
def test_that_money_was_taken_outweighs_that_it_was_not(payment: Payment, order: Any) -> None:
    for number, make in enumerate(order):
        hear(payment, make(), str(number), time=NOW + dt.timedelta(minutes=number))
    assert states(payment) == [ExternalState.PAID]


def test_the_same_payment_under_another_id_is_one_payment(payment: Payment) -> None:
    hear(payment, succeeded(), "1")
    before = {key: (line.state, line.amount, line.at) for key, line in payment.external.lines.items()}
    hear(payment, succeeded(), "another", time=LATER)
    assert {key: (line.state, line.amount, line.at) for key, line in payment.external.lines.items()} == before


def test_two_systems_may_use_the_same_order_number(payment: Payment) -> None:
    hear(payment, succeeded())
    hear(payment, succeeded(channel=Channel.ALIPAY_CITY), source="/alipay-city")
    assert len(payment.external.lines) == 2


def test_each_year_of_a_back_payment_is_a_line_of_its_own_amount(payment: Payment) -> None:
    external = ExternalContribution(key_of(INSURED), amounts=(20000, 10000))
    hear(payment, succeeded(years=(2021, 2020), amount=30000, external=external))
    assert [(line.year, line.amount) for line in payment.external.lines.values()] == [
        (2020, 10000),
        (2021, 20000),
    ]


def test_a_refund_of_one_year_leaves_the_others_paid(payment: Payment) -> None:
    external = ExternalContribution(key_of(INSURED), amounts=(20000, 10000))
    hear(payment, succeeded(years=(2020, 2021), amount=30000, external=external))
    hear(payment, refunded(years=(2021,), amount=10000), "2", time=LATER)
    assert states(payment) == [ExternalState.PAID, ExternalState.REFUNDED]


def test_an_unknown_source_is_unfit(payment: Payment) -> None:
    with pytest.raises(UnfitEvent, match="PUBLISHER_KEYS"):
        hear(payment, succeeded(), source="/somebody")
    assert not payment.external.lines


KEYS = ExternalContribution(key_of(INSURED))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"external": None}, "contribution.external is missing"),
        ({"external": replace(KEYS, insured_key="450103197806122040")}, "64 hex digits"),
        ({"external": replace(KEYS, operator_key="")}, "64 hex digits"),
        ({"external": replace(KEYS, amounts=(1,))}, "amounts"),
        ({"external": replace(KEYS, amounts=(20000, 20000))}, "one for each year"),
        ({"external": replace(KEYS, place=Place(Division("4501", "南\0宁")))}, "place"),
        ({"years": ()}, "years"),
        ({"years": (2026, 2026), "external": replace(KEYS, amounts=(20000, 20000))}, "years"),
        ({"years": (26,)}, "years"),
        ({"years": (2025, 2026)}, "one for each year"),
        ({"amount": 0}, "amounts"),
        ({"amount": -40000}, "amounts"),
        ({"amount": 10**15}, "amounts"),
        ({"channel": Channel.WECHAT_ACCOUNT}, "channel is ours"),
        ({"agency_name": "中" * 101}, "agency_name"),
        ({"social_number": ""}, "social_number"),
        ({"insured_name": "韦\u0000"}, "insured_name"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_what_does_not_fit_says_why_and_never_repeats_a_value(changed: dict[str, Any], reason: str) -> None:
    event = succeeded(**changed)
    with pytest.raises(UnfitEvent, match=reason) as refused:
        lines_of(event, said(event))
    assert "450103197806122040" not in str(refused.value)


@pytest.mark.parametrize("order_id", ["", "x" * 65, "a\nb"])
def test_an_order_number_that_cannot_be_kept_is_unfit(order_id: str) -> None:
    event = succeeded(order_id)
    with pytest.raises(UnfitEvent, match="subject"):
        lines_of(event, said(event))


def test_the_subject_is_the_order() -> None:
    event = succeeded()
    with pytest.raises(UnfitEvent, match="subject"):
        lines_of(event, said(event, subject="city-2"))


def test_what_a_publisher_forgot_to_mask_is_masked() -> None:
    event = succeeded(insured_name="韦秀兰", insured_number="450103197806122040")
    [line] = lines_of(event, said(event))
    assert (line.insured_name, line.insured_number) == ("韦**", "4501**********2040")


def ask(payment: Payment, insured: Person = INSURED) -> list[tuple[int, int, Channel]]:
    found = ordering.list_paid(ListPaid(insured, 2020, 2030), payment.wiring)
    return [(paid.year, paid.amount, paid.channel) for paid in found.contributions]


def test_a_query_by_number_and_name_shows_other_systems_payments(payment: Payment) -> None:
    hear(payment, succeeded())
    assert ask(payment) == [(2026, 40000, Channel.WECHAT_CITY)]


@pytest.mark.parametrize(
    "other", [replace(INSURED, name="韦秀"), replace(INSURED, document_number="45010319780612204X"), OPERATOR]
)
def test_another_number_or_name_finds_nothing(payment: Payment, other: Person) -> None:
    hear(payment, succeeded())
    assert ask(payment, other) == []


@pytest.mark.parametrize("make", [failed, refunded])
def test_what_is_not_paid_any_more_is_not_shown_as_paid(payment: Payment, make: Any) -> None:
    hear(payment, make())
    assert ask(payment) == []


def test_a_key_made_with_another_publishers_key_finds_nothing(payment: Payment) -> None:
    """Who learns one key cannot tell people in the events of another."""
    assert key_of(INSURED) != key_of(INSURED, "a2" * 32)
    hear(payment, succeeded(external=ExternalContribution(key_of(INSURED, "ff" * 32))))
    assert ask(payment) == []


def test_a_key_changes_over_without_a_gap() -> None:
    old, new = "c1" * 32, "d4" * 32
    payment = make_payment(publisher_keys=(f"{SOURCE}={new}", f"{SOURCE}={old}"))
    hear(payment, succeeded("city-1", external=ExternalContribution(key_of(INSURED, old))))
    hear(payment, succeeded("city-2", external=ExternalContribution(key_of(INSURED, new)),
                            insurance_type=InsuranceType.PENSION))  # fmt: skip
    assert len(ask(payment)) == 2


@pytest.mark.parametrize("entry", ["/a", "/a=ff", "a=" + "ff" * 32, "/a=" + "FF" * 32, "/=" + "ff" * 32])
def test_a_malformed_publisher_is_refused_without_its_key(entry: str) -> None:
    with pytest.raises(BadPublishers) as refused:
        Publishers.parse([entry])
    assert "ff" not in str(refused.value)


def test_our_own_events_carry_no_key(payment: Payment) -> None:
    order = payment.placed()
    payment.notify(order)
    assert [event.contribution.external for event in payment.events] == [None]  # type: ignore[attr-defined]
    assert a_contribution().external is not None
