"""The route table of the JSON API: each operation is declared once, served and documented from here."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from contract import schema
from contract.errors import ContractError, InvalidInput, UnreadableRequest
from kit.http import MAX_BODY, Access, http

PREFIX = "/api/v1"
API_KEY = "X-Api-Key"
"""The header of programs that have a key of their own."""

IDEMPOTENCY_KEY = {"Idempotency-Key": "每办一件事用一个新的；没有收到答复时用同一个重试，不会办两次"}
"""The header of operations that must be done once."""

KEY_PATTERN = "[A-Za-z0-9_-]{8,64}"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation. `subject` is the module it is in, `name` what generated clients call it. `query` and `headers`
    name required text parameters with what they mean, `optional` parameters that may be left out. One that gives a
    file names its `media` types instead of an answer. `upload` marks one whose body is a photo, as JSON or as a
    multipart form, which its handler reads itself. `repeated` says of a POST without a key what sending it again does.
    `samples` show how it is called."""

    subject: str
    name: str
    method: str
    path: str
    summary: str
    access: Access
    body: type[Any] | None = None
    answer: type[Any] | None = None
    status: int = 200
    errors: tuple[type[ContractError], ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    upload: bool = False
    repeated: str = ""
    samples: tuple[dict[str, str], ...] = ()

    @property
    def address(self) -> str:
        """Its path as OpenAPI writes it."""
        return PREFIX + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.path)

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.path)


OPERATIONS: list[Operation] = []


def operation(
    method: str, path: str, summary: str, *, access: Access, max_body: int = MAX_BODY, **declared: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Serve `handler(self, request, session, body, **path) -> answer payload` as JSON, or the response it gives;
    `declared` are the fields of its Operation."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        this = Operation(
            subject=handler.__module__.rpartition(".")[2], name=handler.__name__.removesuffix("_by_api"),
            method=method, path=path, summary=summary, access=access, **declared,
        )  # fmt: skip
        OPERATIONS.append(this)

        @functools.wraps(handler)
        def run(self: Any, request: Request, session: Any, **path_values: Any) -> Response:
            payload = handler(self, request, session, _body(request, this), **path_values)
            response = payload if isinstance(payload, Response) else _answer(payload, this)
            protected: Response = self.browser.protect(response)
            return protected

        return http(method, PREFIX + path, access=access, max_body=max_body)(run)

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
    if declared.body is None or declared.upload:
        return None
    try:
        return schema.load(declared.body, schema.parse(request.get_data() or b"{}"))
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
    if not re.fullmatch(KEY_PATTERN, key):
        raise InvalidInput("Idempotency-Key 应为8至64位字母、数字、- 或 _。", field="Idempotency-Key")
    return key
