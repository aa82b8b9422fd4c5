"""What a password of the staff must be, and one-time passwords and recovery codes (等保三级: 身份鉴别)."""

from __future__ import annotations

import secrets

from contract.errors import InvalidInput

SHORTEST, LONGEST = 12, 128
REMEMBERED = 5
"""A new password is none of the last so many."""

RECOVERY_CODES = 8
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without what looks alike on paper."""

_COMMON = frozenset((
    "123456789012", "1234567890123", "000000000000", "111111111111", "qwertyuiop12", "qwertyuiopas", "password1234",
    "passwordpassword", "1qaz2wsx3edc", "1q2w3e4r5t6y", "abcdefghijkl", "abcd12345678", "abc123456789",
    "a1b2c3d4e5f6", "woaini1314520", "woaini520520", "iloveyou1234", "admin1234567", "administrator1",
    "administrator", "admin@123456", "root12345678", "welcome12345", "letmein12345", "zaq12wsxcde3", "qazwsxedcrfv",
    "asdfghjkl123", "zxcvbnm12345", "5201314520131", "guangxi12345", "nanning12345", "shuiwu123456",
    "123661236612366", "huawei123456", "tencent12345", "p@ssw0rd1234", "changeme1234", "q1w2e3r4t5y6",
    "147258369147",
))  # fmt: skip
"""Those every list begins with, of those long enough to pass otherwise, and those of this place."""


class PasswordUnfit(InvalidInput):
    """The new password breaks a rule, which the text names."""

    code = "password_unfit"
    text = "新密码不符合要求，请换一个。"


def check_new(password: str, account: str, name: str) -> None:
    """Length, common ones, and the account's own names in it. Raises PasswordUnfit."""
    plain = password.lower()
    if len(password) < SHORTEST:
        raise PasswordUnfit(f"新密码至少{SHORTEST}个字符，可以用几个不相关的词连起来。", field="password")
    if len(password) > LONGEST:
        raise PasswordUnfit(f"新密码最多{LONGEST}个字符。", field="password")
    if plain in _COMMON or len(set(plain)) < 5:
        raise PasswordUnfit("这个密码太常见，容易被猜到，请换一个。", field="password")
    if account.lower() in plain or (len(name) > 1 and name in password):
        raise PasswordUnfit("新密码不能包含账号或姓名，请换一个。", field="password")


def one_time_password() -> str:
    """80 random bits, in four groups: to be changed at the first login."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


def recovery_codes() -> tuple[str, ...]:
    """Each stands in for the second factor once."""
    return tuple("-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))
                 for _ in range(RECOVERY_CODES))  # fmt: skip


def plain_code(typed: str) -> str:
    """A recovery code as it is kept: people leave out the dash and write capitals."""
    return "".join(typed.split()).replace("-", "").lower()
