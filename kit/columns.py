"""SQLAlchemy column types of the house."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from kit.crypto import blind_index, personal_data_keys


class Moment(TypeDecorator[dt.datetime]):
    """An aware datetime, stored in UTC; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class EncryptedText(TypeDecorator[str]):
    """Text under SM4-GCM. `context` names the column, and is authenticated with the value."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else personal_data_keys().seal(value.encode(), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else personal_data_keys().open(bytes(value), self.context).decode()


class EncryptedBytes(TypeDecorator[bytes]):
    """A file under SM4-GCM."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else personal_data_keys().seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else personal_data_keys().open(bytes(value), self.context)


class EncryptedJson(TypeDecorator[Any]):
    """JSON under SM4-GCM; for drafts and events that hold personal fields."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None:
            return None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return personal_data_keys().seal(text.encode(), self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(personal_data_keys().open(bytes(value), self.context))


class BlindIndex(TypeDecorator[str]):
    """Written and compared with the plain value; holds only its HMAC-SM3. Reading it back gives nothing. Bytes are
    taken for the HMAC itself: what is put back as it was."""

    impl = LargeBinary(32)
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:
        return blind_index(self.purpose, value) if isinstance(value, str) else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> None:
        return None
