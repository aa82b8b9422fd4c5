"""Two services that exist only to try the kit: `python -m tests.integration.kit.probe NAME [NAME…]`.

They run under the names, accounts and settings of two real services. `identity` answers RPCs, publishes and consumes;
`ocr` has no database and calls. What a payment.failed.v1 makes the consumer do is in its `reason_code`.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import kit.runner as runner  # first of all: it patches the standard library

# isort: split

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import eventlet
from sqlalchemy import text
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, Refused, TooMany
from contract.events import Envelope
from contract.payment import PaymentFailed
from contract.rpc import Method
from kit import patience
from kit.consumer import consume
from kit.http import Access, http
from kit.relay import Relay
from kit.rpc import RpcCaller, rpc
from kit.service import Service
from kit.telemetry import correlate, correlation_id
from tests.factories.payloads import event
from tests.integration.kit.tables import handled

patience.HEADER_SECONDS = patience.BODY_SECONDS = 4.0

SCRATCH = Path(os.environ["PROBE_SCRATCH"])


class FarTooFull(Refused):
    code = "probe_full"
    text = "满了。"


@dataclass(frozen=True)
class Wish:
    wish: str
    text: str = ""
    seconds: float = 0


@dataclass(frozen=True)
class Granted:
    text: str
    correlation_id: str


ask = Method("identity", "ask", Wish, Granted, deadline=2.0)
tell = Method("identity", "tell", Wish, Granted, deadline=8.0, command=True)
METHODS = {
    "ask": ask,
    "tell": tell,
    "misspelt": Method("identity", "misspelt", Wish, Granted),
    "ask_nobody": Method("certificate", "ask_nobody", Wish, Granted, deadline=1.0),
    "tell_nobody": Method("certificate", "tell_nobody", Wish, Granted, deadline=5.0, command=True),
}


class Served(Service):
    """Answers, publishes, consumes."""

    name = "identity"

    outbox = Relay()

    @rpc(ask)
    def ask(self, request: Wish) -> Any:
        return _grant(request)

    @rpc(tell)
    def tell(self, request: Wish) -> Any:
        return _grant(request)

    @consume(PaymentFailed)
    def handle(self, tx: Any, data: PaymentFailed, envelope: Envelope) -> None:
        wish, _, argument = data.reason_code.partition(":")
        tx.execute(
            handled.insert(),
            {"aggregate": data.order_id, "number": data.contribution.years[0], "pid": os.getpid(),
             "correlation_id": correlation_id()},
        )  # fmt: skip
        attempt = _attempt(data.order_id)
        if wish == "fail" and attempt <= int(argument):
            raise ValueError(f"attempt {attempt} of 45010319780612204X failed")
        if wish == "broken" and not (SCRATCH / "repaired").exists():
            raise LookupError("broken until repaired")
        if wish == "hang" and attempt == 1:
            eventlet.sleep(60)
        if wish == "slow":
            eventlet.sleep(float(argument))

    @http("POST", "/publish", access=Access.PUBLIC)
    def publish(self, request: Request, caller: None) -> Response:
        with self.database.transaction() as tx:
            for order_id in request.get_json():
                self.outbox.add(tx, event(PaymentFailed, order_id=order_id), order_id, self.clock.now())
        return Response(str(os.getpid()))

    @http("POST", "/sleepers", access=Access.PUBLIC)
    def sleep_in_database(self, request: Request, caller: None) -> Response:
        """Many statements of so many seconds at once, in one process; answers how long all took."""
        wanted = request.get_json()

        def sleep(_: int) -> None:
            with self.database.read() as connection:
                connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": wanted["seconds"]})

        began = time.monotonic()
        for _ in eventlet.GreenPool(wanted["count"]).imap(sleep, range(wanted["count"])):
            pass
        return Response(str(time.monotonic() - began))

    @http("GET", "/me", access=Access.PAYER)
    def show_caller(self, request: Request, caller: str) -> Response:
        return Response(f"{caller} {correlation_id()}")

    @http("GET", "/limited", access=Access.PUBLIC)
    def refuse(self, request: Request, caller: None) -> Response:
        raise TooMany("请稍后再试。", retry_after=7)

    @http("GET", "/crash", access=Access.PUBLIC)
    def crash(self, request: Request, caller: None) -> Response:
        raise ValueError("internal detail of 45010319780612204X")

    @http("POST", "/body/<name>", access=Access.SIGNED)
    def take_body(self, request: Request, caller: None, name: str) -> Response:
        return Response(f"{name} {len(request.get_data())}")

    def admit(self, request: Request, access: Access) -> Any:
        if access is Access.PAYER:
            if "X-Payer" not in request.headers:
                raise Refused("请先登录。")
            return request.headers["X-Payer"]
        return super().admit(request, access)


class Calling(Service):
    """Calls what it is told to call."""

    name = "ocr"

    peers = RpcCaller()

    @http("POST", "/call", access=Access.PUBLIC)
    def call(self, request: Request, caller: None) -> Response:
        """{"method": …, "wishes": […]}: all at once; answers each result or error with its seconds."""
        wanted = request.get_json()
        method = METHODS[wanted["method"]]
        work = [Wish(**wish) for wish in wanted["wishes"]]
        pool = eventlet.GreenPool(len(work))
        identifier = correlation_id()  # greenlets do not inherit it
        return Response(
            json.dumps(list(pool.imap(lambda wish: self._outcome(method, wish, identifier), work)))
        )

    @http("GET", "/unadmitted", access=Access.PAYER)
    def unadmitted(self, request: Request, caller: None) -> Response:
        return Response("nobody may read this")

    def _outcome(self, method: Method[Wish, Granted], wish: Wish, identifier: str) -> dict[str, Any]:
        correlate(identifier)
        began = time.monotonic()
        outcome: dict[str, Any] = {}
        try:
            outcome["answer"] = asdict(self.peers.call(method, wish))
        except ContractError as error:
            outcome["error"] = {
                "kind": type(error).__name__, "code": error.code, "text": error.message, "detail": error.detail,
            }  # fmt: skip
        return {**outcome, "seconds": time.monotonic() - began}


def _grant(request: Wish) -> Any:
    with (SCRATCH / "granted").open("a") as granted:
        granted.write(f"{request.text}\n")
    eventlet.sleep(request.seconds)
    match request.wish:
        case "refuse":
            raise FarTooFull("还有 3 人在等。", waiting=[{"name": "韦**", "place": 1}])
        case "crash":
            raise ValueError("internal detail of 45010319780612204X")
        case "nonsense":
            return {"not": "what the contract says"}
    return Granted(request.text, correlation_id())


def _attempt(name: str) -> int:
    """How often this was tried, over all processes and transactions."""
    path = SCRATCH / f"tried-{name}"
    with path.open("a") as tried:
        tried.write(f"{time.time()}\n")
    return len(path.read_text().splitlines())


if __name__ == "__main__":
    probes = {"identity": Served, "ocr": Calling}
    runner.service_class = lambda name: probes[name]
    runner.run(sys.argv[1:])
