"""Asks notify for codes as identity does: `python -m bench.sms_asker`, told by lines how many and how fast."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

# ruff: noqa: E402
import json
import os
import sys
import time
from collections import Counter

from nameko.containers import ServiceContainer
from nameko.testing.services import dummy, entrypoint_hook

from contract.errors import ContractError
from contract.notify import SendCode, send_code
from kit.rpc import RpcCaller


class Asker:
    """Calls notify."""

    name = "identity"
    rpc = RpcCaller()

    @dummy
    def ask(self, count: int, rate: float) -> dict[str, object]:
        """When each phone's code was asked for, and how many were refused with what."""
        asked: dict[str, float] = {}
        refused: Counter[str] = Counter()

        def one(n: int) -> None:
            phone = f"137{n:08d}"
            asked[phone] = time.time()
            try:
                self.rpc.call(send_code, SendCode(f"bench-{n}", phone, "042042", 5))
            except ContractError as error:
                refused[error.code] += 1

        began, pool = time.time(), eventlet.GreenPool(200)
        for n in range(count):
            eventlet.sleep(max(0.0, began + n / rate - time.time()))
            pool.spawn_n(one, n)
        pool.waitall()
        return {"asked": asked, "refused": refused}


def main() -> None:
    container = ServiceContainer(Asker, {"AMQP_URI": os.environ["AMQP_URI"]})
    container.start()
    print("ready", flush=True)
    for line in sys.stdin:
        count, rate = json.loads(line)
        with entrypoint_hook(container, "ask", timeout=300) as ask:
            print(json.dumps(ask(count, rate)), flush=True)


if __name__ == "__main__":
    main()
