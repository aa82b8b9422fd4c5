"""What every service has, and the dependency providers services choose from."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from contract.errors import ContractError
from contract.health import HEALTH, CheckHealth, Health
from kit.http import Access, HttpEntrypoint, problem
from kit.rpc import rpc
from kit.telemetry import Telemetry


def service_class(name: str) -> type[Any]:
    """The class of a service by its name: services/payment/service.py has PaymentService."""
    module = importlib.import_module(f"services.{name}.service")
    found: type[Any] = getattr(module, f"{name.capitalize()}Service")
    return found


class FromConfig(DependencyProvider):
    """Gives workers what the runner put into the container's configuration under a name."""

    def __init__(self, key: str) -> None:
        self._key = key

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.container.config[self._key]


class Made(DependencyProvider):
    """Gives workers what a factory makes, once per process, from the service's settings: adapters, ciphers."""

    def __init__(self, factory: Callable[[Any], Any]) -> None:
        self._factory = factory

    def setup(self) -> None:
        self._made = self._factory(self.container.config["settings"])

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self._made


class Service:
    """Base of every service; subclasses set `name` and add entrypoints."""

    name: str

    telemetry = Telemetry()
    settings: Any = FromConfig("settings")
    database: Any = FromConfig("database")
    clock: Any = FromConfig("clock")

    @rpc(HEALTH["gateway"])
    def check_health(self, request: CheckHealth) -> Health:
        return Health(self.name, not self.database or self.database.answers())

    @HttpEntrypoint.decorator("GET", "/", access=Access.PUBLIC)
    def show_name(self, request: Request) -> Response:
        return Response(f"{self.name}\n")

    def admit(self, request: Request, access: Access) -> Any:
        """Who is calling, for routes that ask; services with such routes override this."""
        if access not in (Access.PUBLIC, Access.SIGNED):
            raise NotImplementedError(
                f"{self.name} has routes for {access.value} but does not override admit"
            )
        return None

    def render_error(self, request: Request, error: ContractError | HTTPException) -> Response:
        """An error as the caller of this service reads it."""
        return problem(error)
