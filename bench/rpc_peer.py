"""One side of the rpc bench as a process: `python -m bench.rpc_peer stock|kit serve|call …`."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from nameko.containers import ServiceContainer
from nameko.rpc import RpcProxy, rpc
from nameko.testing.services import dummy, entrypoint_hook

from contract.rpc import Method
from kit.rpc import RpcCaller
from kit.rpc import rpc as kit_rpc

CONCURRENCY = 20


@dataclass(frozen=True)
class Parcel:
    """A small request and answer."""

    reference: str
    name: str
    amount: int


echo = Method("payment", "echo", Parcel, Parcel)
_PARCEL = Parcel("31940000201700002", "微信二维码测试", 38000)


class StockServer:
    """Nameko as its documentation shows it."""

    name = "payment"

    @rpc
    def echo(self, parcel: dict[str, Any]) -> dict[str, Any]:
        return parcel


class StockCaller:
    """Calls the stock server."""

    name = "gateway"
    server = RpcProxy("payment")

    @dummy
    def call_for(self, seconds: float) -> list[float]:
        parcel = {"reference": _PARCEL.reference, "name": _PARCEL.name, "amount": _PARCEL.amount}
        return _measure(lambda: self.server.echo(parcel), seconds)


class KitServer:
    """The kit's RPC."""

    name = "payment"

    @kit_rpc(echo)
    def echo(self, request: Parcel) -> Parcel:
        return request


class KitCaller:
    """Calls the kit's server."""

    name = "gateway"
    server = RpcCaller()

    @dummy
    def call_for(self, seconds: float) -> list[float]:
        return _measure(lambda: self.server.call(echo, _PARCEL), seconds)


def _measure(call: Any, seconds: float) -> list[float]:
    """Latencies of all calls finished within the time, from CONCURRENCY greenlets."""
    latencies: list[float] = []
    until = time.monotonic() + seconds

    def work() -> None:
        while (started := time.monotonic()) < until:
            call()
            latencies.append(time.monotonic() - started)

    pool = eventlet.GreenPool(CONCURRENCY)
    for _ in range(CONCURRENCY):
        pool.spawn(work)
    pool.waitall()
    return latencies


def main() -> None:
    kind, role = sys.argv[1:3]
    services = {("stock", "serve"): StockServer, ("stock", "call"): StockCaller,
                ("kit", "serve"): KitServer, ("kit", "call"): KitCaller}  # fmt: skip
    container = ServiceContainer(services[kind, role], {"AMQP_URI": os.environ["AMQP_URI"]})
    container.start()
    print("ready", flush=True)
    if role == "serve":
        container.wait()
        return
    for line in sys.stdin:
        with entrypoint_hook(container, "call_for", timeout=120) as call_for:
            latencies = sorted(call_for(float(line)))
        print(json.dumps({"count": len(latencies), "p50": latencies[len(latencies) // 2],
                          "p95": latencies[len(latencies) * 95 // 100]}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
