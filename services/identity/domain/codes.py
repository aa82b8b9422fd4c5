"""SMS codes: what they are bound to, and the limits on asking for them and guessing at them (security.md 1-2)."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import Final

from services.identity.domain.people import Applicant

LOGIN: Final = "login"
"""The purpose of a code that logs in."""


@dataclass(frozen=True)
class CodeRules:
    """How long a code lives, how often it may be tried, how many may be asked for in 24 hours, and how many wrong
    guesses a subject may make within `guess_window`."""

    valid_for: dt.timedelta
    resend_after: dt.timedelta
    tries: int
    per_phone: int
    per_document: int
    per_openid: int
    per_network: int
    guess_window: dt.timedelta
    guesses_per_phone: int
    guesses_per_document: int
    guesses_per_openid: int
    guesses_per_network: int


@dataclass(frozen=True)
class Limit:
    """At most `cap` codes or wrong guesses for a subject within a window that begins with the first of them."""

    scope: str
    subject: str
    cap: int
    window: dt.timedelta


@dataclass(frozen=True)
class Challenge:
    """A code that was asked for. `code_hash` is keyed and covers the challenge's own id."""

    challenge_id: str
    purpose: str
    applicant: Applicant
    code_hash: bytes
    created_at: dt.datetime
    expires_at: dt.datetime


@dataclass(frozen=True)
class Guess:
    """A counted try at a challenge: the hash to compare with, and which try it is."""

    code_hash: bytes
    tries: int


def code_limits(rules: CodeRules, applicant: Applicant, client_ip: str) -> tuple[Limit, ...]:
    """Every limit a new code must pass, always in the same order, so that two requests that wait for each
    other's counters cannot wait in a circle."""
    day = dt.timedelta(days=1)
    return (
        Limit("resend", applicant.phone, 1, rules.resend_after),
        Limit("phone", applicant.phone, rules.per_phone, day),
        Limit("document", applicant.person.document_number, rules.per_document, day),
        Limit("openid", applicant.openid, rules.per_openid, day),
        Limit("network", network_of(client_ip), rules.per_network, day),
    )


def guess_limits(
    rules: CodeRules, applicant: Applicant, client_ip: str, *, for_own_code: bool
) -> tuple[Limit, ...]:
    """Every limit a guess must pass, in one order for all guesses.

    Whoever guesses without a code that was sent for this phone and person counts for their own WeChat user and
    network only: else anybody could lock a stranger out.
    """
    window, who = rules.guess_window, applicant
    guesser = (
        Limit("guess-openid", who.openid, rules.guesses_per_openid, window),
        Limit("guess-network", network_of(client_ip), rules.guesses_per_network, window),
    )
    if not for_own_code:
        return guesser
    return (
        Limit("guess-phone", who.phone, rules.guesses_per_phone, window),
        Limit("guess-document", who.person.document_number, rules.guesses_per_document, window),
        *guesser,
    )


def network_of(client_ip: str) -> str:
    """What one subscriber holds: an IPv4 address, or an IPv6 /64."""
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return client_ip
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))


def wait_text(seconds: int) -> str:
    """What a person reads who asked for codes too often."""
    if seconds <= 120:
        return f"获取验证码过于频繁，请{seconds}秒后再试。"
    hours = -(-seconds // 3600)
    return f"获取验证码的次数已达上限，请约{hours}小时后再试。如需帮助请拨打12366。"


def lock_text(seconds: int) -> str:
    """What a person reads who typed wrong codes too often."""
    return f"验证码输错次数过多，已暂时锁定，请约{-(-seconds // 60)}分钟后再试。如需帮助请拨打12366。"
