"""The approved SMS texts: versioned data, checked whole before the service starts. No I/O."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 500
"""Characters a provider takes, signature included."""

HOTLINE = "温馨提醒：具体详细情况请到当地税务部门咨询或拨打广西税务纳税服务热线电话12366"
"""What every reminder of a failure says (3.2.1.12)."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_CONTRIBUTION = frozenset({
    "number", "name", "social_number", "agency", "insurance_type", "year", "amount", "time", "channel", "operator",
})  # fmt: skip


class Kind(enum.StrEnum):
    """What a message is about; each has one template."""

    LOGIN_CODE = "login_code"
    PAYMENT_SUCCEEDED = "payment_succeeded"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_RETURNED = "payment_returned"


VARIABLES: Mapping[Kind, frozenset[str]] = {
    Kind.LOGIN_CODE: frozenset({"code", "minutes"}),
    Kind.PAYMENT_SUCCEEDED: _CONTRIBUTION | {"certificate_time"},
    Kind.PAYMENT_FAILED: _CONTRIBUTION | {"reason", "advice"},
    Kind.PAYMENT_REFUNDED: _CONTRIBUTION - {"channel"} | {"refund_time"},
    Kind.PAYMENT_RETURNED: frozenset({"reason", "operator", "time", "refund_time", "amount"}),
}
"""What the requirement wants each kind to say; a template must use all of it and knows nothing else."""


class BadTemplates(ValueError):
    """The templates cannot be used; `problems` lists everything wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Template:
    """A text the provider approved under `template_id`; `{1}`, `{2}` … stand for `params` in order."""

    template_id: str
    text: str
    params: tuple[str, ...]

    def values(self, variables: Mapping[str, str]) -> list[str]:
        """The parameters as the provider wants them."""
        return [variables[name] for name in self.params]

    def render(self, sign_name: str, variables: Mapping[str, str]) -> str:
        """What the phone will show."""
        values = self.values(variables)
        return f"【{sign_name}】" + _PLACE.sub(lambda place: values[int(place[1]) - 1], self.text)


@dataclass(frozen=True)
class Catalogue:
    """All templates of one version, and the signature they are sent under."""

    version: str
    sign_name: str
    templates: Mapping[Kind, Template]

    def __getitem__(self, kind: Kind) -> Template:
        return self.templates[kind]

    def length(self, kind: Kind, variables: Mapping[str, str]) -> int:
        """Characters the phone will show, signature included."""
        return units(self[kind].render(self.sign_name, variables))

    def segments(self, kind: Kind, variables: Mapping[str, str]) -> int:
        """How many messages are billed."""
        return segments(self.length(kind, variables))


def units(text: str) -> int:
    """The length of a text in an SMS: rare characters beyond the basic plane take two places."""
    return len(text.encode("utf-16-le")) // 2


def segments(length: int) -> int:
    """Up to 70 characters are one message, else 67 in each (protocols.md §6)."""
    return 1 if length <= 70 else -(-length // 67)


def catalogue(data: Any, sign_name: str) -> Catalogue:
    """The templates in a templates file's data. Raises BadTemplates."""
    try:
        version = str(data["version"])
        rows = [(str(row["name"]), Template(str(row["id"]), str(row["text"]), tuple(row["params"])))
                for row in data["templates"]]  # fmt: skip
    except (KeyError, TypeError) as error:
        raise BadTemplates([f"not a template file: {type(error).__name__} {error}"]) from None
    problems = [problem for name, template in rows for problem in _problems(name, template, sign_name)]
    names = [name for name, _ in rows]
    problems += [
        f"{kind}: has {names.count(kind)} templates, not one" for kind in Kind if names.count(kind) != 1
    ]
    if len({template.template_id for _, template in rows}) != len(rows):
        problems.append("two templates have the same id")
    if problems:
        raise BadTemplates(problems)
    return Catalogue(version, sign_name, {Kind(name): template for name, template in rows})


def _problems(name: str, template: Template, sign_name: str) -> list[str]:
    if name not in set(Kind):
        return [f"{name}: no such kind of message"]
    kind, used = Kind(name), set(template.params)
    problems = [f"{name}: {variable} is unknown" for variable in sorted(used - VARIABLES[kind])]
    problems += [f"{name}: {variable} is missing" for variable in sorted(VARIABLES[kind] - used)]
    numbers = [str(number) for number in range(1, len(template.params) + 1)]
    if len(used) != len(template.params) or sorted(_PLACE.findall(template.text)) != sorted(numbers):
        problems.append(f"{name}: the text must use each of its {len(numbers)} parameters once")
    if kind is Kind.PAYMENT_FAILED and HOTLINE not in template.text:
        problems.append(f"{name}: the sentence about 12366 is missing")
    if units(f"【{sign_name}】{template.text}") > LONGEST:
        problems.append(f"{name}: longer than {LONGEST} characters")
    return problems
