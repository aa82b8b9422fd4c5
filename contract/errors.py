"""Errors that cross the bus. Each has a stable `code` and the Chinese text a person may read.

    ContractError
    ├── InvalidInput            a field is wrong; `field` names it
    │   └── UnreadableRequest   not even its fields can be told
    ├── WrongMethod             an address that is not asked like this
    ├── BodyTooLarge            more bytes than the address takes
    ├── BodyTooSlow             they came too slowly
    ├── NotFound                it does not exist, or it is not yours: both look the same
    ├── Conflict                the same key with other content, or a state that forbids it
    ├── Refused                 a rule of the business says no; the text says why and what to do
    ├── TooMany                 a limit was reached; `retry_after` seconds
    └── Unavailable             an outside party or one of ours did not answer in time

Services define their own subclasses beside their RPC payloads; the text may be replaced per case, the code
never. `detail` carries what a client needs to act (field names, agencies to choose from), never more.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ContractError(Exception):
    """Base of every error that may cross the bus."""

    code: ClassVar[str] = "error"
    text: ClassVar[str] = "系统繁忙，请稍后再试。如有疑问请拨打12366。"
    status: ClassVar[int] = 500
    _registry: ClassVar[dict[str, type[ContractError]]] = {}

    def __init__(self, text: str | None = None, **detail: Any) -> None:
        self.message = text or type(self).text
        self.detail = detail
        super().__init__(self.message)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" in cls.__dict__:
            known = ContractError._registry.setdefault(cls.code, cls)
            if known is not cls and known.__qualname__ != cls.__qualname__:
                raise TypeError(f"error code {cls.code!r} is used by {known.__name__} and {cls.__name__}")

    @staticmethod
    def of(code: str, text: str, detail: dict[str, Any]) -> ContractError:
        """The error a peer raised. An unknown code (a newer peer) becomes a plain ContractError."""
        return ContractError._registry.get(code, ContractError)(text, **detail)

    @staticmethod
    def known() -> dict[str, type[ContractError]]:
        """Every error by its code, for documents and tests."""
        return dict(ContractError._registry)


class InvalidInput(ContractError):
    """A field does not hold what it must; `detail["field"]` names it."""

    code = "invalid_input"
    text = "填写的内容有误，请检查后重新填写。"
    status = 422


class UnreadableRequest(InvalidInput):
    """No JSON, no form, or of another kind than it says."""

    code = "unreadable_request"
    text = "提交的内容无法处理，请返回重新填写。"
    status = 400


class WrongMethod(ContractError):
    """The address exists, and is asked by another HTTP method."""

    code = "wrong_method"
    text = "这个地址不能这样访问。"
    status = 405


class BodyTooLarge(ContractError):
    """Nothing of the request was read."""

    code = "body_too_large"
    text = "提交的内容太大，没有处理。请减少内容后再提交。"
    status = 413


class BodyTooSlow(ContractError):
    """The whole of the request did not arrive in time; nothing was done."""

    code = "body_too_slow"
    text = "网络太慢，提交的内容没有收全，没有处理。请换个信号好的地方再试。"
    status = 408


class NotFound(ContractError):
    """Nothing there, or not the caller's: the two are not told apart (security.md 4)."""

    code = "not_found"
    text = "没有找到您要的内容。"
    status = 404


class Conflict(ContractError):
    """The request contradicts what already happened."""

    code = "conflict"
    text = "您的请求与之前提交的内容不一致，请返回首页查看。"
    status = 409


class Refused(ContractError):
    """A rule of the business says no."""

    code = "refused"
    text = "暂时不能办理此项业务。"
    status = 409


class TooMany(ContractError):
    """A limit was reached; `detail["retry_after"]` is in seconds."""

    code = "too_many"
    text = "操作过于频繁，请稍后再试。"
    status = 429


class Unavailable(ContractError):
    """Somebody we depend on did not answer; nothing was changed."""

    code = "unavailable"
    text = "系统繁忙，暂时无法办理，请稍后再试。"
    status = 503


class DeadlineExceeded(Unavailable):
    """One of our own services did not answer in time. What it was asked may or may not have happened."""

    code = "deadline_exceeded"
    text = "系统响应超时，请稍后查看办理结果，请勿重复操作。"
    status = 504
