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

_NUMBERS = {"tencent": "id", "aliyun": "aliyun_id"}
"""Where a template's row has each provider's number for it."""

_MOST_SEGMENTS = 5
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


SAMPLE: Mapping[str, str] = {
    "code": "000000", "minutes": "10", "number": "4501**********0000", "name": "欧阳***",
    "social_number": "45010300012345",
    "agency": "南宁市青秀区医疗保障局", "insurance_type": "城乡居民基本养老保险", "year": "2026", "amount": "12000.00",
    "time": "2026年11月23日 08时05分", "channel": "广西税务12366微信公众号", "operator": "欧阳***",
    "certificate_time": "2026年11月24日 09时00分", "refund_time": "2026年11月25日 10时00分",
    "reason": "银行卡余额不足", "advice": "请更换银行卡后重新缴费",
}  # fmt: skip
"""What a usual message is about: previews show it, and a template's segments are counted with it."""

TITLES: Mapping[Kind, str] = {
    Kind.LOGIN_CODE: "登录验证码", Kind.PAYMENT_SUCCEEDED: "缴费成功提醒", Kind.PAYMENT_FAILED: "缴费未成功提醒",
    Kind.PAYMENT_REFUNDED: "退费提醒", Kind.PAYMENT_RETURNED: "款项退回提醒",
}  # fmt: skip
"""What each kind is called by people."""


class BadTemplates(ValueError):
    """The templates cannot be used; `problems` lists everything wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class WechatTemplate:
    """A subscribe message: which of its fields shows which variable, e.g. thing1 the insurance type."""

    template_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Template:
    """A text the providers approved, each under its own number (`ids`); `{1}`, `{2}` … stand for `params` in order."""

    ids: Mapping[str, str]
    text: str
    params: tuple[str, ...]
    most_segments: int
    wechat: WechatTemplate | None = None

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
        rows = [(str(row["name"]), _template(row)) for row in data["templates"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadTemplates([f"not a template file: {type(error).__name__} {error}"]) from None
    problems = [problem for name, template in rows for problem in _problems(name, template, sign_name)]
    names = [name for name, _ in rows]
    problems += [
        f"{kind}: has {names.count(kind)} templates, not one" for kind in Kind if names.count(kind) != 1
    ]
    numbers = [item for _, template in rows for item in template.ids.items()]
    if len(set(numbers)) != len(numbers):
        problems.append("two templates have the same id")
    if problems:
        raise BadTemplates(problems)
    return Catalogue(version, sign_name, {Kind(name): template for name, template in rows})


def _template(row: Any) -> Template:
    wechat = row.get("wechat")
    return Template(
        {provider: str(row[key]) for provider, key in _NUMBERS.items() if key in row}, str(row["text"]),
        tuple(row["params"]), int(row.get("most_segments", _MOST_SEGMENTS)),
        wechat and WechatTemplate(str(wechat["template_id"]), dict(wechat["fields"])),
    )  # fmt: skip


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
    return problems or _length_problems(name, template, sign_name)


def _length_problems(name: str, template: Template, sign_name: str) -> list[str]:
    """Only for a template that can be rendered."""
    problems = []
    billed = segments(units(template.render(sign_name, SAMPLE)))
    if billed > template.most_segments:
        problems.append(f"{name}: a usual message is {billed} segments, not {template.most_segments} at most")
    shown = set(template.wechat.fields.values()) if template.wechat else set()
    problems += [
        f"{name}: {variable} is unknown to WeChat" for variable in sorted(shown - VARIABLES[Kind(name)])
    ]
    return problems
