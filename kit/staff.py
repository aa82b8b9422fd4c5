"""Proves to a service who of the staff makes a call (contract/staff.py, docs/adr/0026).

The console seals every call it makes for a member of staff: SM4-GCM over who it is and until when, bound to the method
and the body of the very request. The service opens it with a key it shares with the console and with nobody else, so
that whoever reads the bus, or holds another service's key, can neither act as staff nor use a seal twice for anything
else. A resident's session never leads to such a seal.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import Any

from contract import schema
from contract.audit import staff as by_staff
from contract.errors import ContractError, NotFound
from contract.rpc import Method
from contract.schema import MalformedPayload
from contract.staff import NotOfThisLevel, NotOfThisRole, Staff, StaffUnproven, roles_for
from kit import telemetry
from kit.audit import JOURNAL, Act, Action
from kit.clock import Clock
from kit.crypto import KeyRing, Unreadable
from kit.database import AWAY
from kit.rpc import RpcEntrypoint
from kit.wire import STAFF_SEAL, Seal

LIFE = dt.timedelta(seconds=30)
"""Longer than any staff call may take, and short enough that nobody comes back later with it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Sealed:
    """What a seal holds."""

    staff: Staff
    until: dt.datetime


def seal_for(staff: Staff, keys: KeyRing, clock: Clock) -> Seal:
    """What seals calls of this member of staff, made with the key of the service that is called."""

    def seal(method: Method[Any, Any], body: str) -> str:
        sealed = schema.dump(_Sealed(staff, clock.now() + LIFE))
        return keys.seal_text(
            json.dumps(sealed, ensure_ascii=False), _place(method.service, method.name, body)
        )

    return seal


def open_seal(seal: Any, service: str, method: str, body: str, keys: KeyRing, now: dt.datetime) -> Staff:
    """Who makes this call. Raises StaffUnproven, and NotOfThisRole for a role that contract.staff.RIGHTS does not
    name."""
    try:
        sealed = schema.load(_Sealed, json.loads(keys.open_text(seal or "", _place(service, method, body))))
    except (Unreadable, MalformedPayload, ValueError, TypeError, AttributeError):
        raise StaffUnproven() from None
    if now > sealed.until:
        raise StaffUnproven()
    if sealed.staff.role not in roles_for(service, method):
        raise NotOfThisRole()
    return sealed.staff


class StaffRpcEntrypoint(RpcEntrypoint):
    """Serves one staff method as `method(self, request, staff)`: the kit has opened the seal and looked into RIGHTS."""

    for_staff = True

    def setup(self) -> None:
        super().setup()
        self._keys = KeyRing.parse(self.container.config["settings"].staff_keys)

    def caller(self, message: Any) -> tuple[Any, ...]:
        """Who of the staff calls. Raises StaffUnproven, NotOfThisRole."""
        clock: Clock = self.container.config["clock"]
        # A method that every service inherits stands for that service's own.
        service, name = self.container.service_name, self.method.name
        seal, body = message.headers.get(STAFF_SEAL), _text(message.body)
        try:
            return (open_seal(seal, service, name, body, self._keys, clock.now()),)
        except (StaffUnproven, NotOfThisRole) as refused:
            telemetry.STAFF_REFUSED.labels(service, name, refused.code).inc()
            _log.error("a staff call was refused", extra={"method": name, "why": refused.code})
            raise

    def _finish(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if exc_info is not None and isinstance(exc_info[1], NotFound | NotOfThisLevel):
            self._journal(worker_ctx, exc_info[1])
        return super()._finish(message, worker_ctx, result, exc_info)

    def _journal(self, worker_ctx: Any, refused: ContractError) -> None:
        """What is of another level and what is nowhere are one answer, and one act: somebody named it (security.md
        4)."""
        config, (request, staff) = self.container.config, worker_ctx.args
        ids = [str(value) for name, value in vars(request).items() if name.endswith("_id")]
        target = ":".join([f"{self.container.service_name}.{self.method.name}", *ids[:1]])
        origin = str(worker_ctx.data.get(telemetry.ORIGIN) or "")
        act = Act(by_staff(staff.account), Action.FOREIGN_ASKED, target, refused.code, origin=origin)
        try:
            with config["database"].transaction() as tx:
                JOURNAL.add(tx, act, config["clock"].now())
        except AWAY:
            _log.warning("what staff asked for in vain could not be journalled")


staff_rpc = StaffRpcEntrypoint.decorator


def _place(service: str, method: str, body: str) -> str:
    return f"staff {service}.{method} {hashlib.sha256(body.encode()).hexdigest()}"


def _text(body: Any) -> str:
    return body if isinstance(body, str) else bytes(body).decode("utf-8", "replace")
