"""An SMS gateway of the bureau's own, or anybody's who takes a text by HTTP: its shape is a file, not code.

The file (TOML) says for `send` and `find` the path, the encoding and the body, in which {phone} {text} {id} {time}
{user} {key} stand for themselves and {digest} for the hex HMAC-SHA256 of the body under the key; where in the answers
the code, the serial and the fate are; and which codes mean what. `gateway.toml` beside this file is the one the sandbox
speaks.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.notify.adapters.base import Ambiguous, UnreadableReceipt
from services.notify.adapters.wire import NotSent, Wire
from services.notify.domain.messages import Accepted, Found, NotFound, Rejected, Remedy, Sms
from services.notify.templates import Catalogue

NAME = "gateway"
SHAPE = Path(__file__).with_suffix(".toml")


class BadShape(ValueError):
    """The file does not describe a gateway."""


@dataclass(frozen=True)
class Account:
    """Where and as whom to call."""

    url: str
    user: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One call: `body` and `headers` are templates, `encoding` json or form."""

    path: str
    encoding: str
    headers: Mapping[str, str]
    body: Mapping[str, str]


@dataclass(frozen=True)
class Shape:
    """What the file says."""

    send: Call
    find: Call
    names: Mapping[str, str]
    """Where in an answer or a receipt things are: code, serial, fate, reason, rows."""
    ok: frozenset[str]
    delivered: frozenset[str]
    failed: frozenset[str]
    unknown: frozenset[str]
    remedies: Mapping[str, Remedy]
    hopeless: frozenset[str]
    thanks: Mapping[str, Any]


def shape(path: Path) -> Shape:
    """The shape in a file. Raises BadShape."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        codes = data["codes"]
        remedies = {str(code): Remedy(remedy) for remedy in Remedy for code in codes.get(remedy.value, ())}
        sets = {name: frozenset(map(str, codes[name])) for name in ("ok", "delivered", "failed", "unknown")}
        return Shape(
            Call(**data["send"]), Call(**data["find"]), data["names"], **sets, remedies=remedies,
            hopeless=frozenset(map(str, codes.get("hopeless", ()))), thanks=data["thanks"],
        )  # fmt: skip
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadShape(f"{path}: {type(error).__name__} {error}") from None


class GatewaySms:
    """Sends whole texts, and finds them by their id."""

    def __init__(self, account: Account, shape: Shape, catalogue: Catalogue) -> None:
        self._account, self._shape, self._catalogue = account, shape, catalogue
        self._wire = Wire("sms.gateway")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._wire.close()

    def send(self, sms: Sms, now: dt.datetime) -> Accepted | Rejected:
        """Hand over one text. Raises Ambiguous."""
        text = self._catalogue[sms.kind].render(self._catalogue.sign_name, sms.variables)
        try:
            answer = self._call(self._shape.send, now, phone=sms.phone, text=text, id=sms.message_id)
        except NotSent as error:
            return Rejected(str(error), Remedy.SWITCH)
        code = self._read(answer, "code")
        if not code or code in self._shape.unknown:
            raise Ambiguous(code or "the answer names no code")
        if code in self._shape.ok:
            return Accepted(self._read(answer, "serial"))
        return Rejected(code, self._shape.remedies.get(code, Remedy.SWITCH))

    def find(self, message_id: str, phone: str, since: dt.datetime, now: dt.datetime) -> Found | NotFound:
        """Ask by the id. Raises Ambiguous."""
        try:
            answer = self._call(self._shape.find, now, phone=phone, text="", id=message_id)
        except NotSent as error:
            raise Ambiguous(str(error)) from None
        code = self._read(answer, "code")
        if code not in self._shape.ok:
            raise Ambiguous(code or "the answer names no code")
        return self._found(answer) if self._read(answer, "fate") else NotFound()

    def receipts(self, body: Any) -> list[Found]:
        """A push of reports, one or a list of them. Raises UnreadableReceipt."""
        rows = body.get(self._shape.names["rows"], [body]) if isinstance(body, dict) else body
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnreadableReceipt("not a list of reports")
        found = [self._found(row) for row in rows]
        if not all(one.serial for one in found):
            raise UnreadableReceipt("a report without a serial")
        return [one for one in found if one.delivered or one.failure]

    def thanks(self) -> Mapping[str, Any]:
        """The answer that ends the gateway's retries."""
        return self._shape.thanks

    def _found(self, row: Mapping[str, Any]) -> Found:
        serial, fate, reason = (self._read(row, name) for name in ("serial", "fate", "reason"))
        if fate in self._shape.failed:
            return Found(serial, reason or fate, hopeless=reason in self._shape.hopeless)
        return Found(serial, delivered=fate in self._shape.delivered)

    def _read(self, row: Any, name: str) -> str:
        value = row.get(self._shape.names[name]) if isinstance(row, dict) else None
        return "" if value is None else str(value)

    def _call(self, call: Call, now: dt.datetime, **values: str) -> Any:
        known = {
            **values,
            "user": self._account.user,
            "key": self._account.key,
            "time": str(int(now.timestamp())),
        }
        body = {name: _filled(template, known) for name, template in call.body.items()}
        if call.encoding == "json":
            raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            content: dict[str, Any] = {"data": raw}
        else:
            raw = "&".join(f"{name}={body[name]}" for name in sorted(body)).encode()
            content = {"data": body}
        known["digest"] = hmac.digest(self._account.key.encode(), raw, "sha256").hex()
        headers = {name: _filled(template, known) for name, template in call.headers.items()}
        return self._wire.ask("POST", self._account.url + call.path, headers=headers, **content)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Only what the file wrote is replaced, never what a text brings along."""
    parts = template.split("{")
    filled = parts[0]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        filled += values[name] + rest if closed and name in values else "{" + part
    return filled
