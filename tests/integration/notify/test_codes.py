"""Codes on PostgreSQL through the sandbox."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import select

from contract.notify import SendCode, SmsNotAccepted
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Sms
from services.notify.models import codes
from tests.integration.notify.conftest import Notify, Provider

REQUEST: Final = SendCode("challenge-1", "13800138000", "042042", 5)


def send(notify: Notify, request: SendCode = REQUEST) -> None:
    notify.send_code(request)


def test_a_code_arrives(notify: Notify, provider: Provider) -> None:
    send(notify)
    assert "您的验证码是042042，5分钟内有效" in provider.messages[0]["text"]


def test_repeats_side_by_side_send_one_sms(notify: Notify, provider: Provider) -> None:
    def repeat(_: int) -> str:
        try:
            send(notify)
        except SmsNotAccepted:
            return "not accepted"
        return "accepted"

    with ThreadPoolExecutor(10) as pool:
        outcomes = Counter(pool.map(repeat, range(10)))
    assert outcomes["accepted"] >= 1
    assert len(provider.messages) == 1
    with notify.database.read() as connection:
        assert connection.execute(select(codes.c.state)).scalar_one() == "sent"


def test_a_code_taken_without_an_answer_is_found(notify: Notify, provider: Provider) -> None:
    """The look-up must get its answer, so only this one call hangs."""
    taken: list[Sms] = []

    real = notify.channels.adapters["tencent"]

    class HangsOnce:
        close = real.close

        def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected | Found:
            provider.misbehaves(accept_then_timeout_rate=1.0)
            try:
                return real.send(sms, now)
            finally:
                taken.append(sms)
                provider.misbehaves(accept_then_timeout_rate=0.0)

        def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
            return real.find(message_id, phone, since, now)

    notify.channels = replace(notify.channels, adapters={"tencent": HangsOnce()})
    notify.send_code(REQUEST)
    assert len(taken) == len(provider.messages) == 1


@pytest.mark.parametrize("fault", ["timeout_rate", "error_rate"])
def test_a_code_the_provider_never_got_is_refused_in_time(
    notify: Notify, provider: Provider, fault: str
) -> None:
    provider.misbehaves(**{fault: 1.0})
    began = time.monotonic()
    with pytest.raises(SmsNotAccepted):
        send(notify)
    assert time.monotonic() - began < 20
    assert provider.messages == []
