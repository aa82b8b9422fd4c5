"""What reminders say."""

from __future__ import annotations

import pytest

from contract.insurance import Channel, InsuranceType, PaymentKind
from kit.config import read
from services.notify import wording
from services.notify.config import Config
from services.notify.domain import telling as domain
from services.notify.templates import HOTLINE, LONGEST, Catalogue, Kind
from tests.factories.keys import KEYS, STAFF_KEYS
from tests.fakes.notify_events import failed, refunded, returned, succeeded

ENVIRONMENT = {
    "NOTIFY_DATABASE_URL": "sqlite://", "NOTIFY_HTTP_ADDRESS": "127.0.0.1:0", "AMQP_URI": "memory://",
    **KEYS, "NOTIFY_STAFF_KEYS": STAFF_KEYS, "TENCENT_SECRET_ID": "id",
    "TENCENT_SECRET_KEY": "key", "TENCENT_SMS_APP_ID": "1400006666", "SMS_RECEIPT_TOKEN": "token",
}  # fmt: skip


@pytest.fixture
def catalogue() -> Catalogue:
    return read(Config, ENVIRONMENT).catalogue()


def test_a_success_reads_as_the_requirement_wants(catalogue: Catalogue) -> None:
    text = catalogue[Kind.PAYMENT_SUCCEEDED].render("广西税务", wording.success_variables(succeeded()))
    assert text == (
        "【广西税务】您好，社会保险费缴费成功。证件号码：4501**********2040，姓名：韦**，社保编号：45010300012345，"
        "社保经办机构：南宁市青秀区医疗保障局，险种：医疗保险，所属年度：2027年，金额：400.00元，"
        "缴费时间：2026年11月23日 08时05分，缴费方式：广西税务12366微信公众号，缴费操作人：韦**，"
        "可查询打印缴费证明时间：2026年11月24日 09时00分。"
    )


def test_a_failure_reads_as_the_requirement_wants(catalogue: Catalogue) -> None:
    text = catalogue[Kind.PAYMENT_FAILED].render("广西税务", wording.failure_variables(failed()))
    assert text == (
        "【广西税务】您好，社会保险费缴费未成功。未成功原因：银行卡余额不足。"
        "重新缴费操作建议：请更换银行卡后重新缴费。证件号码：4501**********2040，姓名：韦**，"
        "社保编号：45010300012345，社保经办机构：南宁市青秀区医疗保障局，险种：医疗保险，所属年度：2027年，"
        "金额：400.00元，缴费时间：2026年11月23日 08时05分，未成功缴费方式：广西税务12366微信公众号，"
        f"缴费操作人：韦**。{HOTLINE}。"
    )


def test_a_refund_reads_as_the_requirement_wants(catalogue: Catalogue) -> None:
    text = catalogue[Kind.PAYMENT_REFUNDED].render("广西税务", wording.refund_variables(refunded()))
    assert text == (
        "【广西税务】您好，社会保险费已退费，款项原路退回支付账户。缴费操作人：韦**，"
        "操作时间：2026年11月23日 08时05分，退费涉及人员证件号码：4501**********2040，姓名：韦**，"
        "社保编号：45010300012345，经办机构：南宁市青秀区医疗保障局，退费时间：2026年11月25日 10时00分，"
        "险种：医疗保险，年度：2027年，金额：400.00元。如有疑问请拨打12366。"
    )


def test_money_that_was_no_contribution_is_said_to_be_back(catalogue: Catalogue) -> None:
    plain = returned(operator_name="欧阳娜娜")
    text = catalogue[Kind.PAYMENT_RETURNED].render("广西税务", wording.return_variables(plain))
    assert text == (
        "【广西税务】您好，您支付的一笔款项不属于应缴的社会保险费（订单关闭后才收到付款），已原路退回支付账户。"
        "缴费操作人：欧***，支付时间：2026年11月23日 08时05分，退回时间：2026年11月25日 10时00分，金额：400.00元。"
        "如有疑问请拨打12366。"
    )


def test_a_back_payment_names_its_years_in_short_and_says_what_it_is(catalogue: Catalogue) -> None:
    event = succeeded(
        kind=PaymentKind.BACK,
        years=(2014, *range(2016, 2024)),
        insurance_type=InsuranceType.PENSION,
        amount=180000,
    )
    text = catalogue[Kind.PAYMENT_SUCCEEDED].render("广西税务", wording.success_variables(event))
    assert "险种：养老保险（补缴），所属年度：2014、2016-2023年，金额：1800.00元，" in text


@pytest.mark.parametrize(
    ("channel", "words"),
    [(Channel.WECHAT_CITY, "微信城市服务"), (Channel.ALIPAY_CITY, "支付宝城市服务")],
)
def test_other_systems_are_named(channel: Channel, words: str) -> None:
    assert wording.success_variables(succeeded(channel=channel))["channel"] == words


def test_what_another_system_did_not_mask_is_masked() -> None:
    plain = succeeded(
        insured_name="韦秀兰", insured_number="450103197806122040", social_number="45010319780612204X",
        operator_name="欧阳娜娜",
    )  # fmt: skip
    variables = wording.success_variables(plain)
    assert variables["name"] == "韦**"
    assert variables["number"] == "4501**********2040"
    assert variables["social_number"] == "4501**********204X"
    assert variables["operator"] == "欧***"


def test_a_failure_without_words_still_says_what_to_do() -> None:
    variables = wording.failure_variables(failed(reason=" ", advice=""))
    assert variables["reason"] == "原因不明"
    assert "12366" in variables["advice"]


def test_a_long_reason_is_shortened_and_nothing_else(catalogue: Catalogue) -> None:
    variables = wording.failure_variables(failed(reason="很长的原因" * 80, advice="很长的建议" * 80))
    fitted = domain.fitted(catalogue, Kind.PAYMENT_FAILED, variables)
    assert catalogue.length(Kind.PAYMENT_FAILED, fitted) <= LONGEST
    assert fitted["reason"].endswith("…")
    changed = {name for name in variables if fitted[name] != variables[name]}
    assert changed == {"reason", "advice"}


def test_a_text_that_fits_stays_as_it_is(catalogue: Catalogue) -> None:
    variables = wording.failure_variables(failed())
    assert domain.fitted(catalogue, Kind.PAYMENT_FAILED, variables) == variables


@pytest.mark.parametrize(
    ("phones", "told"),
    [
        ({}, ("13800138000",)),
        ({"insured_phone": "13900139000"}, ("13800138000", "13900139000")),
        ({"insured_phone": "+8613800138000"}, ("13800138000",)),
        ({"payer_phone": None, "insured_phone": "13900139000"}, ("13900139000",)),
        ({"payer_phone": None}, ()),
        ({"payer_phone": " ", "insured_phone": ""}, ()),
    ],
)
def test_payer_and_insured_are_told_once_each(phones: dict[str, str | None], told: tuple[str, ...]) -> None:
    assert domain.audience(succeeded(**phones).contribution, foreign=False).phones == told
