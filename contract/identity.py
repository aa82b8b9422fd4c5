"""Login by SMS code, served by identity (requirement 3.2.1.2)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import ClassVar

from contract.errors import InvalidInput, NotFound, Refused, TooMany, Unavailable
from contract.events import EventData
from contract.people import DocumentType, Person
from contract.rpc import Method


class InvalidName(InvalidInput):
    """The name is empty, too long or holds characters no name holds."""

    code = "invalid_name"
    text = "请输入正确的姓名（2至25个字，少数民族姓名中的点请用“·”）。"


class InvalidIdNumber(InvalidInput):
    """The number fails its length, date or check digit (GB 11643)."""

    code = "invalid_id_number"
    text = "身份证号码有误，请对照身份证核对后重新输入正确的身份证号码。"


class InvalidDocumentNumber(InvalidInput):
    """The number is not one that a document of the chosen type carries."""

    code = "invalid_document_number"
    text = "证件号码有误，请对照证件核对证件类型和号码后重新输入。"


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


class TooManyGuesses(TooMany):
    """Wrong codes were typed too often for this phone, document, WeChat user or address; locked for
    `detail["retry_after"]` seconds, then released by itself."""

    code = "too_many_guesses"
    text = "验证码输错次数过多，已暂时锁定，请稍后再试。"


class ConsentMissing(InvalidInput):
    """The present version of a text was not agreed to; `detail["field"]` names the tick that is missing."""

    code = "consent_missing"
    text = "请先阅读并勾选同意《个人信息保护与授权说明》。"


class PersonNotFound(NotFound):
    """No such person, or their data was deleted at their wish."""

    code = "person_not_found"
    text = "没有找到您的登录信息，请重新登录。"


class Standing(enum.StrEnum):
    """What login asks of a WeChat user who comes through the menu (3.2.1.2).

    new: everything is typed (case 1). known: a code for the person of last time, or of the 移动办税实名库 (cases 2
    and 3). recent: nothing, the last login is less than half an hour old.
    """

    NEW = "new"
    KNOWN = "known"
    RECENT = "recent"


@dataclass(frozen=True)
class RecallVisitor:
    """Ask who a WeChat user was last time."""

    openid: str


@dataclass(frozen=True)
class Recalled:
    """`person` and `phone` are whole: the page shows them masked and sends them back for the code. `login` is there
    when `standing` is recent. `consent_version` is the privacy text this person agreed to last, or empty."""

    standing: Standing
    person: Person | None = None
    phone: str = ""
    login: LoggedIn | None = None
    consent_version: str = ""


@dataclass(frozen=True)
class EndLogin:
    """The person leaves this WeChat user: the next visit asks for a code, however soon it comes."""

    openid: str
    person_id: str


@dataclass(frozen=True)
class LoginEnded:
    """It is so, and was perhaps before."""

    person_id: str


@dataclass(frozen=True)
class RequestLoginCode:
    """A code for this person, phone and WeChat user. The fields are as typed; identity normalises them."""

    openid: str
    name: str
    document_number: str
    phone: str
    client_ip: str
    document_type: DocumentType = DocumentType.RESIDENT_ID


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
    """The code typed for a challenge, with the person typed beside it.

    `consent_version` is the privacy text the person agreed to; it must be the present one. `card_consent_version` is
    the text about photos of cards that was agreed to before a card was read for this login, or empty.
    """

    openid: str
    challenge_id: str
    name: str
    document_number: str
    phone: str
    code: str
    client_ip: str
    document_type: DocumentType = DocumentType.RESIDENT_ID
    consent_version: str = ""
    card_consent_version: str = ""


@dataclass(frozen=True)
class LoggedIn:
    """The person who logged in; `person_id` is ours and says nothing about them.

    `phone_version` grows with every change of the person's phone: sessions of an older one are over.
    `logged_in_at` is when the code was typed, from which the half hour of 3.2.1.2 counts.
    """

    person_id: str
    person: Person
    phone: str
    phone_version: int
    logged_in_at: dt.datetime


@dataclass(frozen=True)
class PhoneChanged(EventData):
    """A person logged in with another phone than before: sessions of older `phone_version`s are over."""

    type: ClassVar[str] = "person.phone_changed.v1"
    person_id: str
    phone_version: int


request_login_code = Method(
    "identity", "request_login_code", RequestLoginCode, LoginCodeSent,
    errors=(InvalidName, InvalidIdNumber, InvalidDocumentNumber, InvalidPhone, TooManyCodes, CodeNotSent),
    deadline=8.0, command=True,
)  # fmt: skip
log_in = Method(
    "identity", "log_in", LogIn, LoggedIn,
    errors=(InvalidName, InvalidIdNumber, InvalidDocumentNumber, InvalidPhone, ConsentMissing, WrongCode, CodeExpired,
            TooManyGuesses),
    command=True,
)  # fmt: skip
recall_visitor = Method("identity", "recall_visitor", RecallVisitor, Recalled, deadline=6.0)
end_login = Method("identity", "end_login", EndLogin, LoginEnded, command=True)
