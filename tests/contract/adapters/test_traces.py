"""Whoever of the outside is asked is seen in the trace, also when nobody answers (docs/adr/0032)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from opentelemetry.trace import SpanKind

from contract.errors import ContractError
from services.identity.adapters.base import RegistryUnavailable
from services.notify.adapters.wire import NotSent, Wire
from services.payment.config import Route
from tests.contract.adapters import test_realname, test_wechat, unionpay_orders
from tests.factories.spans import finished, recorded, work, worker
from tests.fakes.payment_orders import an_order

NOBODY = "http://127.0.0.1:9"
ASKED: dict[str, tuple[str, Callable[[], object]]] = {
    "unionpay.query": ("payment", lambda: unionpay_orders.adapter(NOBODY, Route.OPEN_PLATFORM).query(an_order())),
    "unionpay.close": ("payment", lambda: unionpay_orders.adapter(NOBODY, Route.COMMUNICATION_KEY).close(an_order())),
    "realname.find": ("identity", lambda: test_realname.adapter(NOBODY).find("oSomebody")),
    "wechat.access_token": ("gateway", lambda: test_wechat.adapter(NOBODY).openid_of("a-code")),
    "sms.aliyun": ("notify", lambda: Wire("sms.aliyun").ask("GET", NOBODY)),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_who_is_asked_hangs_below_the_work_that_asks(name: str) -> None:
    service, ask = ASKED[name]

    def attempt() -> None:
        with contextlib.suppress(ContractError, RegistryUnavailable, NotSent):
            ask()

    with recorded(service) as spans:
        work(worker(service, "rpc", "some_work"), attempt)
    found = finished(spans)
    assert set(found) == {name, "some_work"}
    asked = found[name]
    assert asked.kind is SpanKind.CLIENT
    assert asked.parent and asked.parent.span_id == found["some_work"].context.span_id
    assert set(asked.attributes or {}) <= {"outcome"}
