"""A photo out of a request: a file of a form, or base64 in JSON; never an address."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from contract import schema
from contract.errors import InvalidInput, UnreadableRequest
from contract.ocr import MAX_PHOTO, CardSide, ImageTooLarge

MAX_UPLOAD = MAX_PHOTO * 4 // 3 + 64 * 1024
"""Bytes of a request that carries a photo, in base64 at most."""


@dataclass(frozen=True)
class Upload:
    """A photo, the side that is wanted, and the version of the text that was agreed to, empty where none is named."""

    photo: bytes
    side: CardSide | None
    consent_version: str


def uploaded(request: Request) -> Upload:
    """What was sent. Raises ImageTooLarge, InvalidInput or UnreadableRequest."""
    try:
        photo, side, consent = (
            _of_form(request) if request.mimetype == "multipart/form-data" else _of_json(request)
        )
    except RequestEntityTooLarge:
        raise ImageTooLarge from None
    if not photo:
        raise InvalidInput("请先拍照，或者选择一张身份证照片。", field="image")
    if len(photo) > MAX_PHOTO:
        raise ImageTooLarge
    return Upload(photo, _side(side), str(consent))


def _of_form(request: Request) -> tuple[bytes, Any, Any]:
    file, form = request.files.get("image"), request.form
    return (file.read() if file else b""), form.get("side"), form.get("consent_version", "")


def _of_json(request: Request) -> tuple[bytes, Any, Any]:
    try:
        data = schema.parse(request.get_data())
        text, side = data.get("image", ""), data.get("side")
        photo = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
        return photo, side, data.get("consent_version", "")
    except binascii.Error:
        raise InvalidInput("照片不是有效的 base64 内容。", field="image") from None
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise UnreadableRequest("请求内容不是JSON。") from None


def _side(value: Any) -> CardSide | None:
    try:
        return CardSide(value) if value else None
    except ValueError:
        raise InvalidInput("side 应为 FRONT 或 BACK。", field="side") from None
