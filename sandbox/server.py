"""Serving the sandbox with eventlet, alone or inside another patched process."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet import wsgi

from sandbox.app import create_app
from sandbox.settings import Settings
from sandbox.world import EXTENSION, World

MAX_REQUESTS_AT_ONCE = 1024


@dataclass(frozen=True)
class Server:
    """A running sandbox."""

    port: int
    _world: World
    _socket: Any
    _serving: Any
    _dispatching: Any
    _delivering: Any

    def wait(self) -> None:
        """Until ``stop``."""
        with suppress(eventlet.greenlet.GreenletExit):
            self._serving.wait()

    def stop(self) -> None:
        """Stop listening and sending; what was due is sent after the next start."""
        self._world.dispatcher.stop()
        self._world.courier.stop()
        self._socket.close()
        self._serving.kill()
        self._dispatching.kill()
        self._delivering.kill()


def start(settings: Settings) -> Server:
    """Listen on the address (port 0 takes a free one) and serve in greenthreads."""
    # Eventlet shares ports by default: a second sandbox would then quietly take half of the calls.
    socket = eventlet.listen((settings.host, settings.port), backlog=1024, reuse_port=False)
    app = create_app(settings)
    world: World = app.extensions[EXTENSION]
    serving = eventlet.spawn(
        wsgi.server,
        socket,
        app,
        log_output=False,
        keepalive=True,
        custom_pool=eventlet.GreenPool(MAX_REQUESTS_AT_ONCE),
    )
    dispatching = eventlet.spawn(world.dispatcher.run_for_ever, eventlet.GreenPool(100))
    delivering = eventlet.spawn(world.courier.run_for_ever)
    return Server(socket.getsockname()[1], world, socket, serving, dispatching, delivering)
