"""Calls RPCs of a running system as the gateway does: `python -m tests.e2e.rpc_caller AMQP_URI`.

Reads `{"service", "name", "request"}` line by line, and answers each with `{"answer"}` or `{"error", "status"}`.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import kit.runner  # first of all: it patches the standard library

# isort: split

import json
import sys
from typing import Any

from nameko.containers import ServiceContainer
from nameko.testing.services import dummy, entrypoint_hook

from contract import catalogue, schema
from contract.errors import ContractError
from kit.rpc import RpcCaller

METHODS = {(method.service, method.name): method for method in catalogue.METHODS}
assert kit.runner


class Asker:
    """The gateway's account on the bus, with nothing of the gateway."""

    name = "gateway"
    rpc = RpcCaller()

    @dummy
    def ask(self, service: str, name: str, request: Any) -> dict[str, Any]:
        method = METHODS[service, name]
        try:
            return {"answer": schema.dump(self.rpc.call(method, schema.load(method.request, request)))}
        except ContractError as error:
            return {"error": error.code, "status": error.status}


def main() -> None:
    """Until the input ends."""
    container = ServiceContainer(Asker, {"AMQP_URI": sys.argv[1]})
    container.start()
    with entrypoint_hook(container, "ask", timeout=120) as ask:
        for line in sys.stdin:
            wanted = json.loads(line)
            told = ask(wanted["service"], wanted["name"], wanted["request"])
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    container.stop()


if __name__ == "__main__":
    main()
