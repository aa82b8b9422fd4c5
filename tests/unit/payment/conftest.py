"""The payment service without a database, a bus or UnionPay."""

from __future__ import annotations

import pytest

from tests.fakes.payment_service import Payment, make_payment


@pytest.fixture
def payment() -> Payment:
    return make_payment()
