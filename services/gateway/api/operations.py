"""The route table of the JSON API: each operation is declared once, served and documented from here."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from contract import schema
from contract.errors import ContractError, InvalidInput
from kit.http import MAX_BODY, Access, http
from services.gateway.errors import UnreadableRequest

PREFIX = "/api/v1"

IDEMPOTENCY_KEY = {"Idempotency-Key": "8至64位字母、数字、- 或 _；重试用同一个"}
"""The header of operations that must be done once."""

_KEY = re.compile(r"[\w-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class Operation:
    """One operation. `query` and `headers` name required text parameters with what they mean, `optional` parameters
    that may be left out. One that gives a file names its `media` type instead of an answer. `longest` is how many bytes
    its body may have, where that is more than usual."""

    method: str
    path: str
    summary: str
    access: Access
    body: type[Any] | None
    answer: type[Any] | None
    status: int
    errors: tuple[type[ContractError], ...]
    query: dict[str, str]
    headers: dict[str, str]
    optional: dict[str, str]
    media: str
    longest: int = MAX_BODY


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, summary: str, *, access: Access, body: type[Any] | None = None,
    answer: type[Any] | None = None, status: int = 200, errors: tuple[type[ContractError], ...] = (),
    query: dict[str, str] | None = None, headers: dict[str, str] | None = None,
    optional: dict[str, str] | None = None, media: str = "", longest: int = MAX_BODY,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Serve `handler(self, request, session, body, **path) -> answer payload` as JSON, or the response it gives."""
    declared = Operation(
        method,
        path,
        summary,
        access,
        body,
        answer,
        status,
        errors,
        query or {},
        headers or {},
        optional or {},
        media,
        longest,
    )

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        OPERATIONS.append(declared)

        @functools.wraps(handler)
        def run(self: Any, request: Request, session: Any, **path_values: str) -> Response:
            payload = handler(self, request, session, _body(request, declared), **path_values)
            response = payload if isinstance(payload, Response) else _answer(payload, declared)
            protected: Response = self.browser.protect(response)
            return protected

        return http(method, PREFIX + path, access=access, longest=longest)(run)

    return decorate


def _answer(payload: Any, declared: Operation) -> Response:
    response = Response(status=declared.status)
    if declared.answer is not None:
        response.data = json.dumps(schema.dump(payload), ensure_ascii=False).encode()
        response.content_type = "application/json"
    if seconds := getattr(payload, "retry_after", None):
        response.headers["Retry-After"] = str(seconds)
    return response


def _body(request: Request, declared: Operation) -> Any:
    """The request's body as its payload. Raises InvalidInput or UnreadableRequest, never repeating a value."""
    _require(request.args, declared.query, "参数")
    _require(request.headers, declared.headers, "请求头")
    if declared.body is None:
        return None
    try:
        data = json.loads(request.get_data() or b"{}")
        return schema.load(declared.body, data)
    except schema.MalformedPayload as error:
        wrong = sorted(map(str, error.fields))
        raise InvalidInput(f"填写的内容有误：{'、'.join(wrong)}", field=wrong[0]) from None
    except (ValueError, RecursionError):
        raise UnreadableRequest("请求内容不是JSON。") from None


def _require(given: Any, names: dict[str, str], what: str) -> None:
    for name in names:
        if not given.get(name, "").strip():
            raise InvalidInput(f"缺少{what}：{name}", field=name)


def idempotency_key(request: Request) -> str:
    """The key of an operation that declares IDEMPOTENCY_KEY. Raises InvalidInput."""
    key = request.headers["Idempotency-Key"]
    if not _KEY.fullmatch(key):
        raise InvalidInput("Idempotency-Key 应为8至64位字母、数字、- 或 _。", field="Idempotency-Key")
    return key
