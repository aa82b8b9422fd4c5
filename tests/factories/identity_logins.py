"""Logins for identity's tests: a person at a phone, over whatever storage."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from contract.identity import (
    EndLogin,
    LoggedIn,
    LogIn,
    LoginCodeSent,
    Recalled,
    RecallVisitor,
    RequestLoginCode,
)
from contract.people import check_digit
from contract.rights import CONSENT_VERSIONS, ConsentKind
from kit.clock import SetClock
from services.identity.domain.codes import CodeRules
from services.identity.usecases import login, recall
from services.identity.usecases.login_wiring import LoginWiring
from tests.fakes.audit import FakeJournal
from tests.fakes.identity_storage import FakePhones, FakeRealNames

ASKED = RequestLoginCode("openid-1", "韦秀兰", "450103197806122040", "13800138000", "203.0.113.7")
PRIVACY = CONSENT_VERSIONS[ConsentKind.PRIVACY]
HALF_HOUR = dt.timedelta(minutes=30)
MANY = 10_000
RULES = CodeRules(
    valid_for=dt.timedelta(minutes=5), resend_after=dt.timedelta(seconds=60), tries=5, per_phone=MANY,
    per_document=MANY, per_openid=MANY, per_network=MANY, guess_window=HALF_HOUR, guesses_per_phone=MANY,
    guesses_per_document=MANY, guesses_per_openid=MANY, guesses_per_network=MANY,
)  # fmt: skip
"""Without caps: a test sets the one it is about."""


def id_number(serial: int) -> str:
    """A valid number for each serial below 10,000."""
    seventeen = f"4501031978061{serial:04d}"
    return seventeen + check_digit(seventeen)


def somebody(n: int) -> RequestLoginCode:
    """A different person, phone, WeChat user and network for each n."""
    return RequestLoginCode(f"openid-{n}", "韦秀兰", id_number(n), f"138001{n:05d}", f"203.0.113.{n}")


@dataclass
class Desk:
    """The login use cases, and what people at phones do with them."""

    storage: Any
    """Everything that keeps, in one; see DatabaseDesk for the real ones."""
    rules: CodeRules = RULES
    phones: FakePhones = field(default_factory=FakePhones)
    real_names: FakeRealNames = field(default_factory=FakeRealNames)
    clock: SetClock = field(default_factory=lambda: SetClock(dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)))
    journal: FakeJournal = field(default_factory=FakeJournal)

    @property
    def wiring(self) -> LoginWiring:
        s = self.storage
        return LoginWiring(
            s, s, s, s, s, self.phones, self.real_names, self.clock, self.rules, HALF_HOUR, self.journal
        )

    def ask(self, request: RequestLoginCode = ASKED) -> LoginCodeSent:
        """Ask for a code."""
        return login.request_login_code(request, self.wiring)

    def type(
        self, sent: LoginCodeSent, code: str, request: RequestLoginCode = ASKED, consent: str = PRIVACY,
        card_consent: str = "",
    ) -> LoggedIn:  # fmt: skip
        """Type a code."""
        typed = LogIn(
            request.openid, sent.challenge_id, request.name, request.document_number, request.phone, code,
            request.client_ip, request.document_type, consent, card_consent,
        )  # fmt: skip
        return login.log_in(typed, self.wiring)

    def log_in(self, request: RequestLoginCode = ASKED, **change: str) -> LoggedIn:
        """Ask for a code and type it, a minute after whatever was before."""
        self.clock.advance(seconds=60)
        request = replace(request, **change)
        sent = self.ask(request)
        return self.type(sent, self.code_for(sent), request)

    def code_for(self, sent: LoginCodeSent) -> str:
        """What the SMS says."""
        return next(sms.code for sms in self.phones.sent if sms.reference == sent.challenge_id)

    def wrong_for(self, sent: LoginCodeSent) -> str:
        """A code that the SMS does not say."""
        return f"{(int(self.code_for(sent)) + 1) % 10**6:06d}"

    def recall(self, openid: str = ASKED.openid) -> Recalled:
        """Come through the menu."""
        return recall.recall_visitor(RecallVisitor(openid), self.wiring)

    def leave(self, person_id: str, openid: str = ASKED.openid) -> None:
        """Log out."""
        recall.end_login(EndLogin(openid, person_id), self.wiring)
