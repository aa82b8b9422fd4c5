"""The outside world of the contribution system, as one HTTP program.

It speaks the wire protocols of WeChat, Tencent Cloud SMS, the UnionPay open platform, the tax-bank
subsystem and the tax core, so the adapters that will speak to the real parties work against it
unchanged. It knows nothing of the services: it imports neither ``kit``, ``contract`` nor ``services``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.server import Server
    from sandbox.settings import Settings


def serve(settings: Settings) -> Server:
    """Start the sandbox in greenthreads of this process and return at once.

    The caller must have called ``eventlet.monkey_patch()`` first. Raises ``OSError`` when the address
    is taken.
    """
    from sandbox.server import start  # imported late: the caller monkey-patches before Flask is loaded

    return start(settings)
