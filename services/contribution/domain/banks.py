"""The banks that take tripartite agreements online, and what an account number of theirs looks like (3.2.1.11).

Which banks there are, and how their numbers are made, is data (banks.json), checked whole before the service starts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from contract import schema
from contract.agreement import BankUnknown, InvalidAccount

LONGEST_ACCOUNT = 32
"""Digits; no bank in the country has longer numbers."""

_SEPARATORS = re.compile(r"[\s\-‐-―−]+")


class BadBanks(ValueError):
    """The banks cannot be used; `problems` lists everything wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True)
class AccountRule:
    """One kind of account of a bank, as a person calls it (银行卡, 存折). `luhn` where the last digit is a check digit.

    The rule with the longest fitting prefix holds; an empty prefix fits all.
    """

    kind: str
    prefixes: tuple[str, ...]
    lengths: tuple[int, ...]
    luhn: bool


@dataclass(frozen=True)
class BankRule:
    """A bank. `code` is the tax core's yhhbDm, `clearing_number` its qsyhhh (清算行号, 12 digits)."""

    code: str
    name: str
    clearing_number: str
    accounts: tuple[AccountRule, ...]

    @property
    def hint(self) -> str:
        """What to look for, in one line."""
        return "；".join(f"{rule.kind}{_either(rule.lengths)}位数字" for rule in self.accounts)


@dataclass(frozen=True)
class BankList:
    """All banks, in the order they are offered."""

    banks: tuple[BankRule, ...]

    def named(self, code: str) -> BankRule:
        """The bank with a code. Raises BankUnknown."""
        for bank in self.banks:
            if bank.code == code:
                return bank
        raise BankUnknown(field="bank_code")


def bank_list(data: object) -> BankList:
    """The banks in a file's data. Raises BadBanks."""
    try:
        found = schema.load(BankList, data if isinstance(data, Mapping) else {})
    except schema.MalformedPayload as error:
        raise BadBanks([f"not a list of banks: {error}"]) from None
    problems = list(_problems(found))
    if problems:
        raise BadBanks(problems)
    return found


def _problems(found: BankList) -> Iterator[str]:
    if not found.banks:
        yield "there is no bank"
    for code, times in Counter(bank.code for bank in found.banks).items():
        if times > 1:
            yield f"{code}: {times} banks have this code"
    for bank in found.banks:
        if not re.fullmatch(r"\d{3,12}", bank.code):
            yield f"{bank.code or 'a bank'}: the code must be 3 to 12 digits"
        if not bank.name:
            yield f"{bank.code}: the name is missing"
        if not re.fullmatch(r"\d{12}", bank.clearing_number):
            yield f"{bank.code}: the clearing number must be 12 digits"
        if not bank.accounts:
            yield f"{bank.code}: no account number would do"
        for rule in bank.accounts:
            yield from (f"{bank.code} {rule.kind}: {problem}" for problem in _rule_problems(rule))
        prefixes = Counter(prefix for rule in bank.accounts for prefix in rule.prefixes)
        yield from (
            f"{bank.code}: two kinds begin with {prefix!r}" for prefix, times in prefixes.items() if times > 1
        )


def _rule_problems(rule: AccountRule) -> Iterator[str]:
    if not rule.kind:
        yield "the kind is missing"
    if not rule.prefixes or not all(re.fullmatch(r"\d*", prefix) for prefix in rule.prefixes):
        yield "prefixes must be digits, or one empty text"
    if not rule.lengths or not all(8 <= length <= LONGEST_ACCOUNT for length in rule.lengths):
        yield f"lengths must lie between 8 and {LONGEST_ACCOUNT}"


def check_account(bank: BankRule, typed: str) -> str:
    """The account number a person typed, as digits; spaces, hyphens and full-width digits are tolerated.

    Raises InvalidAccount, which says what is wrong and never repeats the number.
    """
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed))
    if not number:
        raise _wrong("请输入银行账号。")
    if not re.fullmatch(r"[0-9]+", number):
        raise _wrong("银行账号只能是数字，请对照银行卡或者存折重新输入。")
    rule = _rule_for(bank, number)
    if rule is None:
        raise _wrong(f"这个账号不像是{bank.name}的账号，请核对开户银行和账号。")
    if len(number) not in rule.lengths:
        raise _wrong(
            f"{bank.name}的{rule.kind}账号是{_either(rule.lengths)}位，您输入了{len(number)}位，"
            f"请对照{rule.kind}核对。"
        )
    if rule.luhn and not passes_luhn(number):
        raise _wrong(f"账号里有数字输错了，请对照{rule.kind}逐位核对。")
    return number


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812 (Luhn)."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _rule_for(bank: BankRule, number: str) -> AccountRule | None:
    fitting = [
        (len(prefix), rule) for rule in bank.accounts for prefix in rule.prefixes if number.startswith(prefix)
    ]
    return max(fitting, key=lambda found: found[0])[1] if fitting else None


def _either(lengths: tuple[int, ...]) -> str:
    """16、18或19; 15至20 where none between is left out."""
    *first, last = sorted(lengths)
    if len(first) > 1 and last - first[0] == len(first):
        return f"{first[0]}至{last}"
    return "、".join(map(str, first)) + f"或{last}" if first else str(last)


def _wrong(text: str) -> InvalidAccount:
    return InvalidAccount(text, field="account_number")
