"""Settings: frozen dataclasses read once from the environment.

A field's environment name is its upper-case name, with the service's name in front where the field is marked
`own`. A field without a default must be set, one marked `when` only if another has a certain value; all that are
missing are reported together. Secrets have no default. A value may be kept in a file (kit.variables).
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from kit.clock import Clock, OffsetClock, SystemClock
from kit.crypto import BadKeys, KeyRing, index_key
from kit.variables import text_of

T = TypeVar("T", bound="ServiceConfig")
When = tuple[str, Any]
"""A field and the value of it that makes another one necessary, or a function that says so of its value."""

LEAST_KEPT_DAYS = 183
"""Of the audit journal (security.md 12); its table refuses what is less (kit/audit/tables.py)."""
_SAMPLE_MARKS = ("sandbox", "sample", "change-me", "demo", "test")
_LOOPBACK = {"", "localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - compared, never bound


class ConfigurationError(Exception):
    """The settings are incomplete or unsafe; `problems` lists every one of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def own(**kwargs: Any) -> Any:
    """A field whose variable carries the service's name: `database_url` of payment is PAYMENT_DATABASE_URL."""
    return dataclasses.field(metadata={"own": True}, **kwargs)


def secret(when: When | None = None, **kwargs: Any) -> Any:
    """A field that is never shown and, in production, must be neither short nor a sample."""
    if when is not None:
        return dataclasses.field(default="", metadata={"secret": True, "when": when}, repr=False)
    return dataclasses.field(metadata={"secret": True}, repr=False, **kwargs)


def own_secret() -> Any:
    """A secret whose variable carries the service's name, because each service has another."""
    return dataclasses.field(metadata={"own": True, "secret": True}, repr=False)


def needed(when: When) -> Any:
    """A text that must be set when an earlier field has a certain value, and is empty otherwise."""
    return dataclasses.field(default="", metadata={"when": when})


def outside(when: When | None = None, **kwargs: Any) -> Any:
    """The URL of an outside party: in production it must be https and not this machine, where the sandbox is."""
    if when is not None:
        return dataclasses.field(default="", metadata={"outside": True, "when": when})
    return dataclasses.field(metadata={"outside": True}, **kwargs)


def _never(_: object) -> bool:
    """Of a secret that may be set, and need not be."""
    return False


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What every service needs to know. Each service's Config extends it and sets `service`."""

    service: ClassVar[str] = ""

    database_url: str = own(repr=False)
    http_address: str = own()
    amqp_uri: str = secret()
    personal_data_keys: str = secret()
    blind_index_key: str = secret()
    row_seal_keys: str = secret()
    master_key: str = secret(when=("environment", _never))
    audit_collector: str = ""
    audit_collector_ca: str = needed(("audit_collector", bool))
    audit_collector_certificate: str = ""
    audit_collector_key: str = needed(("audit_collector_certificate", bool))
    audit_anchors: Path | None = None
    audit_kept_days: int = 1096
    environment: str = "development"
    log_level: str = "INFO"
    max_workers: int = own(default=50)
    database_pool: int = own(default=20)
    clock_offset_file: Path | None = None
    otel_exporter_otlp_endpoint: str = ""

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def clock(self) -> Clock:
        """The machine's clock, or the one a test moves."""
        return OffsetClock(self.clock_offset_file) if self.clock_offset_file else SystemClock()

    @property
    def memory_bus(self) -> bool:
        """Embedded mode: the bus lives and dies with the process."""
        return self.amqp_uri.startswith("memory:")

    def problems(self) -> list[str]:
        """What makes these settings unfit to start with; services add their own."""
        if self.environment not in ("development", "production"):
            return ["ENVIRONMENT: expected development or production"]
        return [
            *_key_problems(self),
            *_audit_problems(self),
            *(_production_problems(self) if self.production else []),
        ]


def read(config: type[T], environ: Mapping[str, str] = os.environ) -> T:
    """The settings of a service. Raises ConfigurationError with every problem at once."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    hints = get_type_hints(config)
    for field in dataclasses.fields(config):
        name = _variable(config, field)
        try:
            text = text_of(name, environ)
            if text:
                values[field.name] = _parse(hints[field.name], text)
        except OSError as error:
            values[field.name] = None  # neither the default nor what it makes necessary is meant
            problems.append(f"{name}_FILE cannot be read: {error.strerror}")
        except ValueError:
            values[field.name] = None
            problems.append(f"{name} is malformed")
        else:
            if not text and _required(config, field, values):
                problems.append(f"{name} is not set")
    if problems:
        raise ConfigurationError(problems)
    settings = config(**values)
    if found := settings.problems():
        raise ConfigurationError(found)
    return settings


def _variable(config: type[ServiceConfig], field: dataclasses.Field[Any]) -> str:
    prefix = f"{config.service}_" if field.metadata.get("own") else ""
    return (prefix + field.name).upper()


def _required(config: type[ServiceConfig], field: dataclasses.Field[Any], values: Mapping[str, Any]) -> bool:
    if "when" in field.metadata:
        other, wanted = field.metadata["when"]
        value = values.get(other, getattr(config, other))
        return bool(value is not None and wanted(value) if callable(wanted) else value == wanted)
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _parse(kind: Any, text: str) -> Any:
    if get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_args(kind):  # X | None
        kind = next(option for option in get_args(kind) if option is not type(None))
    if kind is bool:
        if text.lower() not in {"true", "false", "1", "0"}:
            raise ValueError(text)
        return text.lower() in {"true", "1"}
    return kind(text)


def _key_problems(settings: ServiceConfig) -> list[str]:
    """Key rings are the secrets whose name ends in `_keys` and that are one setting, not a list."""
    problems = []
    names = {f.name: _variable(type(settings), f) for f in dataclasses.fields(settings)}
    rings = [
        f.name for f in dataclasses.fields(settings)
        if f.metadata.get("secret") and f.name.endswith("_keys") and isinstance(getattr(settings, f.name), str)
    ]  # fmt: skip
    for name, parse in [*((ring, KeyRing.parse) for ring in rings), ("blind_index_key", index_key)]:
        try:
            parse(getattr(settings, name))
        except BadKeys as error:
            problems.append(f"{names[name]}: {error}")
    return problems


def _audit_problems(settings: ServiceConfig) -> list[str]:
    problems = []
    if settings.audit_collector and not re.fullmatch(r"\S+:\d{1,5}", settings.audit_collector):
        problems.append("AUDIT_COLLECTOR: expected host:port")
    if settings.audit_kept_days < LEAST_KEPT_DAYS:
        problems.append(f"AUDIT_KEPT_DAYS: at least {LEAST_KEPT_DAYS} (six months)")
    return problems


def _production_problems(settings: ServiceConfig) -> list[str]:
    problems = []
    if settings.memory_bus:
        problems.append("AMQP_URI: the memory bus loses messages; production needs RabbitMQ")
    if settings.database_url.startswith("sqlite"):
        problems.append(f"{settings.service.upper()}_DATABASE_URL: production needs PostgreSQL")
    if settings.clock_offset_file:
        problems.append("CLOCK_OFFSET_FILE must not be set in production")
    for field in dataclasses.fields(settings):
        value, name = getattr(settings, field.name), _variable(type(settings), field)
        unused = "when" in field.metadata and not value
        if field.metadata.get("outside") and not unused and not _outside(value):
            problems.append(f"{name}: must be https and not this machine")
        if field.metadata.get("secret") and not unused and not _secret(value):
            problems.append(f"{name}: too short, or a sample")
    return problems


def _outside(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "") not in _LOOPBACK


def _secret(value: Any) -> bool:
    texts = value if isinstance(value, tuple) else (value,)
    return all(len(text) >= 16 and not text.lower().startswith(_SAMPLE_MARKS) for text in texts)
