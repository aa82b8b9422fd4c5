"""The payment service without a database, a bus or UnionPay."""

from __future__ import annotations

import os

import pytest

from tests.fakes.payment_service import Payment, make_payment

os.environ.setdefault("BLIND_INDEX_KEY", "5a" * 32)
os.environ.setdefault("PERSONAL_DATA_KEYS", "1:" + "3c" * 16)
os.environ.setdefault("ROW_SEAL_KEYS", "1:" + "6e" * 16)


@pytest.fixture
def payment() -> Payment:
    return make_payment()
