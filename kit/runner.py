"""Starts services in one process: `python -m kit.runner NAME [NAME…]`."""

from __future__ import annotations

import warnings

# Nameko stands on eventlet; every start need not say that eventlet is in maintenance (docs/adr/0008).
warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()  # psycopg2 too, as no argument narrows it

import contextlib
import gc
import importlib
import logging
import signal
import sys
from collections.abc import Iterable
from typing import Any

from nameko.containers import ServiceContainer
from nameko.utils.concurrency import SpawningProxy

from kit import tracing
from kit.config import ConfigurationError, ServiceConfig, read
from kit.consumer import declare_queues
from kit.database import Database
from kit.service import service_class
from kit.telemetry import configure_logging

_log = logging.getLogger(__name__)


def read_settings(names: Iterable[str]) -> dict[str, ServiceConfig]:
    """The settings of several services. Raises ConfigurationError with the problems of all of them."""
    settings: dict[str, ServiceConfig] = {}
    problems: dict[str, None] = {}
    for name in names:
        try:
            settings[name] = read(importlib.import_module(f"services.{name}.config").Config)
        except ConfigurationError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise ConfigurationError(problems)
    return settings


def container(name: str, settings: ServiceConfig) -> ServiceContainer:
    """A Nameko container for a service."""
    config = {
        "AMQP_URI": settings.amqp_uri,
        "max_workers": settings.max_workers,
        "settings": settings,
        "database": Database(settings.database_url, settings.database_pool)
        if settings.database_url
        else None,
        "clock": settings.clock,
    }
    return ServiceContainer(service_class(name), config)


class Runner:
    """Several services in this process."""

    def __init__(self, settings: dict[str, ServiceConfig]) -> None:
        self._settings = settings
        self._containers = [container(name, own) for name, own in settings.items()]

    def start(self) -> None:
        tracing.configure(next(iter(self._settings.values())).otel_exporter_otlp_endpoint, self._settings)
        for name, own in self._settings.items():
            if own.memory_bus:
                declare_queues(service_class(name), own.amqp_uri)
        SpawningProxy(self._containers).start()
        # What start-up made stays: the collector need not walk it again and again while requests are served.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        _log.info("started", extra={"services": list(self._settings)})

    def stop(self) -> None:
        """Finish the work in hand, then stop."""
        SpawningProxy(self._containers).stop()
        tracing.stop()

    def wait(self) -> None:
        """Until stopped; raises what a container died of."""
        SpawningProxy(self._containers, abort_on_error=True).wait()


def run(names: list[str]) -> None:
    """Run services until SIGTERM or Ctrl-C."""
    settings = read_settings(names)
    configure_logging(next(iter(settings.values())).log_level)
    runner = Runner(settings)

    def stop(*_: Any) -> None:
        # Signal handlers run in the hub, where nothing may wait.
        eventlet.spawn_n(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.start()
    waiting = eventlet.spawn(runner.wait)
    while not waiting.dead:
        with contextlib.suppress(InterruptedError):
            waiting.wait()


def main() -> int:
    try:
        run(sys.argv[1:])
    except ConfigurationError as error:
        print("cannot start:", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    return 0


if __name__ == "__main__":
    sys.exit(main())
