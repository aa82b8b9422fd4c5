"""RPCs of the identity service: SMS-code login (requirement 3.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import InvalidInput, Refused, TooMany, Unavailable
from contract.people import Person
from contract.rpc import Method


class InvalidName(InvalidInput):
    """The name is empty, too long or holds characters no name holds."""

    code = "invalid_name"
    text = "请输入正确的姓名（2至25个字，少数民族姓名中的点请用“·”）。"


class InvalidIdNumber(InvalidInput):
    """The number fails its length, date or check digit (GB 11643)."""

    code = "invalid_id_number"
    text = "身份证号码有误，请对照身份证核对后重新输入正确的身份证号码。"


class InvalidPhone(InvalidInput):
    """Not a mainland mobile number."""

    code = "invalid_phone"
    text = "手机号码有误，请输入11位手机号码。"


class WrongCode(InvalidInput):
    """The code does not match; `detail["tries_left"]` says how often one may still try."""

    code = "wrong_code"
    text = "验证码不正确，请核对短信后重新输入。"


class CodeExpired(Refused):
    """The code is too old, already used, replaced by a newer one, guessed at too often, or the person, phone or
    WeChat user is not the one it was sent for."""

    code = "code_expired"
    text = "验证码已失效，请重新获取验证码。"


class CodeNotSent(Unavailable):
    """The SMS provider did not take the message; nothing was changed, ask again."""

    code = "code_not_sent"
    text = "验证码短信暂时发送失败，请稍后重新获取。"


class TooManyCodes(TooMany):
    """Codes were asked for too often; `detail["retry_after"]` is in seconds."""

    code = "too_many_codes"
    text = "获取验证码过于频繁，请稍后再试。"


@dataclass(frozen=True)
class RequestLoginCode:
    """A code for this person, phone and WeChat user. The fields are as typed; identity normalises them."""

    openid: str
    name: str
    document_number: str
    phone: str
    client_ip: str


@dataclass(frozen=True)
class LoginCodeSent:
    """`challenge_id` binds the code to this request; the same answer whether or not the person is known.

    `notice`, when not empty, is to be shown: the code may arrive late.
    """

    challenge_id: str
    resend_after: int
    valid_for: int
    notice: str = ""


@dataclass(frozen=True)
class LogIn:
    """The code typed for a challenge, with the person typed beside it."""

    openid: str
    challenge_id: str
    name: str
    document_number: str
    phone: str
    code: str
    client_ip: str


@dataclass(frozen=True)
class LoggedIn:
    """The person who logged in; `person_id` is ours and says nothing about them."""

    person_id: str
    person: Person
    phone: str


request_login_code = Method(
    "identity", "request_login_code", RequestLoginCode, LoginCodeSent,
    errors=(InvalidName, InvalidIdNumber, InvalidPhone, TooManyCodes, CodeNotSent), deadline=8.0, command=True,
)  # fmt: skip
log_in = Method(
    "identity", "log_in", LogIn, LoggedIn,
    errors=(InvalidName, InvalidIdNumber, InvalidPhone, WrongCode, CodeExpired), command=True,
)  # fmt: skip
