"""What a password of the staff must be."""

from __future__ import annotations

import re

import pytest

from services.console.domain import passwords
from services.console.domain.passwords import PasswordUnfit, check_new

GOOD = "榕江 夜雨 42 灯笼 渡口"


@pytest.mark.parametrize("password", [GOOD, "correct horse battery staple", "Kf7-mmQ2-xx9p"])
def test_long_and_uncommon_is_enough(password: str) -> None:
    check_new(password, "huang", "黄敏")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("Kf7-mmQ2-xx", "至少12个字符"), ("x1" * 70, "最多128个字符"), ("1QAZ2wsx3edc", "太常见"),
        ("password1234", "太常见"), ("aaaaaaaaaaaaaa", "太常见"), ("abababababababab", "太常见"),
        ("my-Huang-is-here-9", "不能包含账号或姓名"), ("黄敏的密码是一二三四五六", "不能包含账号或姓名"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(password: str, words: str) -> None:
    with pytest.raises(PasswordUnfit, match=words):
        check_new(password, "huang", "黄敏")


def test_the_list_of_common_ones_holds_only_what_would_be_long_enough() -> None:
    assert all(len(one) >= passwords.SHORTEST for one in passwords._COMMON)


def test_what_we_make_is_random_and_read_aloud_without_doubt() -> None:
    made = {passwords.one_time_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"([2-9a-km-np-z]{4}-){3}[2-9a-km-np-z]{4}", one) for one in made)
    codes = passwords.recovery_codes()
    assert len(set(codes)) == passwords.RECOVERY_CODES
    assert passwords.plain_code(codes[0].upper().replace("-", " ")) == codes[0].replace("-", "")
