"""Acts on their way to the central collector: syslog (RFC 5424) over TLS (RFC 5425), a JSON object in each message.

A batch has a connection of its own. Syslog has no receipts, but who reads a TLS connection to its end answers the
close_notify (RFC 5425 §4.4): only then was the batch told.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from contract.audit import OK, Action
from kit.config import ServiceConfig

TIMEOUT = 5.0
"""Seconds for each step with the collector; a transaction waits for them."""
_FACILITY_AUDIT, _WARNING, _NOTICE = 13, 4, 5
_BOM = "\ufeff"


class CollectorAway(Exception):
    """The collector did not take a batch; some of it may have arrived."""


class Stream:
    """The way to the collector the settings name."""

    def __init__(self, service: str, settings: ServiceConfig) -> None:
        self._service = service
        host, _, port = settings.audit_collector.rpartition(":")
        self._address, self._host = (host.strip("[]"), int(port)), socket.gethostname()
        self._tls = ssl.create_default_context(cafile=settings.audit_collector_ca)
        if settings.audit_collector_certificate:
            self._tls.load_cert_chain(settings.audit_collector_certificate, settings.audit_collector_key)

    def send(self, acts: Sequence[Any]) -> None:
        """Tell these acts. Raises CollectorAway."""
        message = b"".join(framed(act, self._service, self._host) for act in acts)
        try:
            with (
                socket.create_connection(self._address, TIMEOUT) as plain,
                self._tls.wrap_socket(
                    plain, server_hostname=self._address[0], do_handshake_on_connect=False
                ) as connection,
            ):
                connection.do_handshake()
                connection.sendall(message)
                _wait_for_end(connection)
        except (OSError, ValueError) as error:
            raise CollectorAway(type(error).__name__) from error


def framed(act: Any, service: str, host: str) -> bytes:
    """One act as a syslog message with its length in front (RFC 5425 §4.3)."""
    severity = _NOTICE if act.result == OK else _WARNING
    head = f"<{_FACILITY_AUDIT * 8 + severity}>1 {act.at.isoformat()} {host} {service} - {act.action} -"
    message = f"{head} {_BOM}{json.dumps(as_json(act, service), ensure_ascii=False)}".encode()
    return f"{len(message)} ".encode() + message


def as_json(act: Any, service: str) -> dict[str, Any]:
    """An act as other systems read it. The rows it wrote stay here: they hold personal data."""
    return {
        "service": service, "sequence": act.sequence, "act_id": act.act_id, "at": act.at.isoformat(),
        "actor": act.actor, "origin": act.origin, "action": act.action, "title": title(act.action),
        "target": act.target, "result": act.result, "purpose": act.purpose, "detail": act.detail,
        "correlation_id": act.correlation_id, "seal": _hex(act.seal), "link": _hex(act.link),
    }  # fmt: skip


def title(action: str) -> str:
    """What an action is called; one that is on the list no more is called by its own word."""
    return Action(action).label if action in set(Action) else action


def _wait_for_end(connection: ssl.SSLSocket) -> None:
    """Until the collector has read to the end, and says so."""
    try:
        connection.unwrap()
    except ssl.SSLEOFError:
        return  # it closed without a word of TLS, which it only does with nothing left unread


def _hex(value: Any) -> str:
    return "" if value is None else bytes(value).hex()
