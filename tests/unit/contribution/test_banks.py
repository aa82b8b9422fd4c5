"""Banks and their account numbers, as the settings describe them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import services.contribution
from contract.agreement import BankUnknown, InvalidAccount
from services.contribution.domain.banks import BadBanks, bank_list, check_account, passes_luhn

DATA = json.loads((Path(services.contribution.__path__[0]) / "banks.json").read_text("utf-8"))
BANKS = bank_list(DATA)
CCB, ICBC, RURAL = BANKS.banks
CARD = "6217003410000000051"


def test_the_banks_of_the_requirement_are_offered() -> None:
    assert [bank.name for bank in BANKS.banks] == ["中国建设银行", "中国工商银行", "广西农村信用社"]
    assert BANKS.named("105") is CCB
    assert CCB.hint == "银行卡16或19位数字；存折19或20位数字"
    assert ICBC.hint == "银行卡16、18或19位数字；存折17或19位数字"
    assert RURAL.hint == "银行卡16或19位数字；存折15至20位数字"
    with pytest.raises(BankUnknown) as unknown:
        BANKS.named("999")
    assert unknown.value.detail == {"field": "bank_code"}


@pytest.mark.parametrize(
    "typed",
    [CARD, "6217 0034 1000 0000 051", " 6217-0034-1000-0000-051 ", "６２１７００３４１００００００００５１"],
)
def test_spaces_hyphens_and_full_width_digits_are_tolerated(typed: str) -> None:
    assert check_account(CCB, typed) == CARD


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "请输入银行账号"),
        (" - ", "请输入银行账号"),
        ("6217o03410000000051", "只能是数字"),
        ("6217²03410000000051x", "只能是数字"),
        ("٦٢١٧٠٠٣٤١٠٠٠٠٠٠٠٠٥١", "只能是数字"),
        (CARD[:-1], "中国建设银行的银行卡账号是16或19位，您输入了18位"),
        (CARD + "0", "您输入了20位"),
        ("6217003410000000052", "有数字输错了，请对照银行卡逐位核对"),
        ("9117003410000000051", "不像是中国建设银行的账号"),
        ("1" * 4000, "不像是中国建设银行的账号"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_the_number(typed: str, words: str) -> None:
    with pytest.raises(InvalidAccount, match=words) as wrong:
        check_account(CCB, typed)
    assert wrong.value.detail == {"field": "account_number"}
    assert typed[:6] not in wrong.value.message or not typed.strip(" -")


def test_a_passbook_has_no_check_digit() -> None:
    assert check_account(RURAL, "50101201000000000") == "50101201000000000"
    with pytest.raises(InvalidAccount, match="存折账号是15至20位"):
        check_account(RURAL, "501012010000")


def test_the_longest_prefix_decides() -> None:
    """A number that begins with 62 is a card, although an empty prefix fits it too."""
    with pytest.raises(InvalidAccount, match="有数字输错了"):
        check_account(RURAL, "6217003410000000052")


@pytest.mark.parametrize(
    ("number", "passes"), [("79927398713", True), ("79927398710", False), ("0", True), (CARD, True)]
)
def test_luhn(number: str, passes: bool) -> None:
    assert passes_luhn(number) is passes


def test_every_changed_digit_and_most_swaps_are_noticed() -> None:
    for place, digit in enumerate(CARD):
        for other in set("0123456789") - {digit}:
            assert not passes_luhn(CARD[:place] + other + CARD[place + 1 :])


def changed(**bank: Any) -> Any:
    data = copy.deepcopy(DATA)
    data["banks"][0] |= bank
    return data


RULE = DATA["banks"][0]["accounts"][0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "not a list of banks"),
        ([], "not a list of banks"),
        ({"banks": []}, "there is no bank"),
        ({"banks": [{"code": "105"}]}, "not a list of banks"),
        (changed(code="102"), "102: 2 banks have this code"),
        (changed(code="CCB"), "the code must be 3 to 12 digits"),
        (changed(name=""), "105: the name is missing"),
        (changed(clearing_number="105"), "the clearing number must be 12 digits"),
        (changed(accounts=[]), "no account number would do"),
        (changed(accounts=[RULE | {"kind": ""}]), "the kind is missing"),
        (changed(accounts=[RULE | {"prefixes": []}]), "prefixes must be digits"),
        (changed(accounts=[RULE | {"prefixes": ["6x"]}]), "prefixes must be digits"),
        (changed(accounts=[RULE | {"lengths": []}]), "lengths must lie"),
        (changed(accounts=[RULE | {"lengths": [4]}]), "lengths must lie"),
        (changed(accounts=[RULE, RULE]), "two kinds begin with '62'"),
    ],
)
def test_banks_that_cannot_be_used_are_named_before_the_start(data: Any, words: str) -> None:
    with pytest.raises(BadBanks, match=words):
        bank_list(data)
