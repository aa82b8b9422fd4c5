"""Writes docs/manuals/interfaces.md: the JSON API, other systems' events and the methods on the bus, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import services.gateway.service  # noqa: F401  # declares every operation
from contract import asyncapi, catalogue
from contract.events import EXCHANGE
from deploy.topology import PUBLISHES, SERVICES
from kit.http import Access
from scripts.lib.write_asyncapi import examples
from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS

TARGET = Path(__file__).parents[2] / "docs" / "manuals" / "interfaces.md"

_HEAD = """# 接口文档

由 `scripts/interfaces` 根据程序生成，请勿手工修改。机器可读的原件：
运行中的系统提供 `/api/v1/openapi.json`（OpenAPI 3.1），事件见 [docs/asyncapi.json](../asyncapi.json)（AsyncAPI 3.0）。

- 金额一律是**分**，整数；时间一律带时区；编码 UTF-8。
- 错误是 `application/problem+json`（RFC 9457）：`type` 是 `urn:gx-tax:错误码`，`title` 是可以直接显示的中文，
  `instance` 是关联编号。
- 应答带 `Retry-After` 的，过这么多秒再问。
- 只做增量修改：会增加字段，不会改变或去掉已有的。请忽略不认识的字段。

"""
_CALLERS = {
    Access.PUBLIC.value: "任何人",
    Access.VISITOR.value: "微信用户",
    Access.CLIENT.value: "有接口密钥的程序，或微信用户",
    Access.PAYER.value: "已登录的缴费人",
    Access.SIGNED.value: "自带签名的外部系统",
}
_PLACES = {"path": "路径", "query": "参数", "header": "请求头"}


def text() -> str:
    """The whole document."""
    return "".join((_HEAD, *_api(), *_events(), *_methods()))


def _api() -> Iterator[str]:
    described = document(OPERATIONS, "https://…")
    yield "## JSON 接口\n\n先用微信的 code 换取会话（`POST /api/v1/wechat-sessions`），"
    yield "之后每次带 `Authorization: Bearer 令牌`。\n\n"
    yield "| 方法 | 地址 | 用途 | 谁可以调用 |\n|---|---|---|---|\n"
    operations = [
        (path, method, it) for path, item in described["paths"].items() for method, it in item.items()
    ]
    for path, method, it in operations:
        yield f"| {method.upper()} | `{path}` | {it['summary']} | {_CALLERS[it['x-access']]} |\n"
    for path, method, it in operations:
        yield f"\n### {it['summary']} `{method.upper()} {path}`\n\n"
        yield from _parameters(it)
        yield from _bodies(it)
        yield from _answers(it)
    yield "\n### 数据结构\n"
    for name, schema in sorted(described["components"]["schemas"].items()):
        yield from _schema(name, schema, "#### ")


def _parameters(it: dict[str, Any]) -> Iterator[str]:
    for one in it["parameters"]:
        needed = "" if one["required"] else "（可不填）"
        meaning = f"：{one['description']}" if one["description"] else ""
        yield f"- {_PLACES[one['in']]} `{one['name']}`{needed}{meaning}\n"


def _bodies(it: dict[str, Any]) -> Iterator[str]:
    content = it.get("requestBody", {}).get("content", {})
    for kind, body in content.items():
        yield f"- 请求 {_named(body['schema'])}（{kind}）\n"


def _answers(it: dict[str, Any]) -> Iterator[str]:
    for status, answer in it["responses"].items():
        shapes = [body["schema"] for body in answer.get("content", {}).values()]
        if int(status) < 400:
            yield f"- 应答 {status}{' ' if shapes else ''}{'、'.join(map(_named, shapes))}\n"
        else:
            for error in answer["description"].split("; "):
                code, _, said = error.partition(": ")
                yield f"- 错误 {status} `{code}` {said}\n"


def _events() -> Iterator[str]:
    described = asyncapi.document(examples())
    yield "\n## 其他缴费系统发布的事件\n\n"
    yield f"发到主题交换机 `{EXCHANGE}`，路由键就是事件类型。怎样开通、签名和重发见[对接指南](../guide-events.md)。\n"
    for name, message in described["components"]["messages"].items():
        yield f"\n### {message['title']} `{name}`\n\n"
        yield "| 属性 | 类型 | 说明 |\n|---|---|---|\n"
        for key, schema in message["payload"]["properties"].items():
            yield f"| `{key}` | {_named(schema)} | {schema.get('description', '')} |\n"
        example = json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=2)
        yield f"\n```json\n{example}\n```\n"
    yield "\n### 事件的数据结构\n"
    for name, schema in sorted(described["components"]["schemas"].items()):
        yield from _schema(name, schema, "#### 事件 ")


def _methods() -> Iterator[str]:
    """What only developers of this system call."""
    yield "\n## 内部：服务之间的方法\n\n定义在 `contract/`，请求与应答的样例在 `tests/contract/bus/samples/`。\n\n"
    methods = [m for m in catalogue.METHODS if m.request.__module__.startswith("contract.")]
    for service in SERVICES:
        yield f"\n### {service} 的方法\n\n| 方法 | 请求 | 应答 | 期限（秒） | 性质 |\n|---|---|---|---|---|\n"
        for method in sorted((m for m in methods if m.service == service), key=lambda m: m.name):
            kind = "命令" if method.command else "查询"
            shapes = f"`{method.request.__name__}` | `{method.answer.__name__}`"
            yield f"| `{method.name}` | {shapes} | {method.deadline:g} | {kind} |\n"
    yield "\n### 事件\n\n| 事件 | 由谁发布 |\n|---|---|\n"
    for name, kind in sorted(catalogue.EVENTS.items()):
        if kind.__module__.startswith("contract."):
            owner = next(who for who, prefixes in PUBLISHES.items() if name.startswith(tuple(prefixes)))
            yield f"| `{name}` | {owner} |\n"


def _schema(name: str, schema: dict[str, Any], heading: str) -> Iterator[str]:
    yield f"\n{heading}{name}\n\n"
    if said := schema.get("description"):
        yield f"{said}\n\n"
    properties = schema.get("properties", {})
    if not properties:
        yield "没有字段。\n"
        return
    yield "| 字段 | 类型 | 必填 |\n|---|---|---|\n"
    for key, field in properties.items():
        yield f"| `{key}` | {_named(field)} | {'是' if key in schema.get('required', ()) else ''} |\n"


def _named(schema: dict[str, Any]) -> str:
    """A type as one reads it."""
    if reference := schema.get("$ref"):
        return f"`{reference.rpartition('/')[2]}`"
    if options := schema.get("anyOf"):
        return "，或".join("空" if one == {"type": "null"} else _named(one) for one in options)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return "、".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"{_named(schema.get('items', {}))} 的列表"
    form = schema.get("format") or schema.get("pattern", "").replace("|", "\\|")
    return f"{schema.get('type', 'object')}{f'（{form}）' if form else ''}"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(TARGET.parents[2])}")
