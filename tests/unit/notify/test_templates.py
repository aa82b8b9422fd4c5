"""The templates file says everything it must, or the service does not start."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from services.notify import templates
from services.notify.templates import HOTLINE, VARIABLES, BadTemplates, Kind, catalogue, segments, units

FILE = Path(templates.__file__).parent / "templates.json"


@pytest.fixture
def data() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def problems(data: Any) -> str:
    with pytest.raises(BadTemplates) as refused:
        catalogue(data, "广西税务")
    return "\n".join(refused.value.problems)


def test_our_templates_are_good(data: dict[str, Any]) -> None:
    good = catalogue(data, "广西税务")
    assert good.version == data["version"]
    assert HOTLINE in good[Kind.PAYMENT_FAILED].text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_variable_is_shown_once_and_in_its_place(data: dict[str, Any], kind: Kind) -> None:
    good = catalogue(data, "广西税务")
    text = good[kind].render("广西税务", {name: f"<{name}>" for name in VARIABLES[kind]})
    assert text.startswith("【广西税务】")
    assert "{" not in text
    for name in VARIABLES[kind]:
        assert text.count(f"<{name}>") == 1


def test_the_success_text_names_every_field_of_the_requirement(data: dict[str, Any]) -> None:
    text = catalogue(data, "广西税务")[Kind.PAYMENT_SUCCEEDED].text
    for label in (
        "证件号码", "姓名", "社保编号", "社保经办机构", "险种", "所属年度", "金额", "缴费时间", "缴费方式",
        "缴费操作人", "可查询打印缴费证明时间",
    ):  # fmt: skip
        assert f"{label}：{{" in text


def test_the_failure_text_names_every_field_of_the_requirement(data: dict[str, Any]) -> None:
    text = catalogue(data, "广西税务")[Kind.PAYMENT_FAILED].text
    for label in (
        "未成功原因", "重新缴费操作建议", "证件号码", "姓名", "社保编号", "社保经办机构", "险种", "所属年度", "金额",
        "未成功缴费方式", "缴费操作人",
    ):  # fmt: skip
        assert f"{label}：{{" in text


def _without(data: dict[str, Any], name: str, variable: str) -> dict[str, Any]:
    changed = copy.deepcopy(data)
    row = next(row for row in changed["templates"] if row["name"] == name)
    number = row["params"].index(variable) + 1
    row["params"].remove(variable)
    row["text"] = row["text"].replace(f"{{{number}}}", "")
    for later in range(number, len(row["params"]) + 1):
        row["text"] = row["text"].replace(f"{{{later + 1}}}", f"{{{later}}}")
    return changed


@pytest.mark.parametrize(("kind", "variable"), [(k, v) for k in Kind for v in sorted(VARIABLES[k])])
def test_a_missing_variable_refuses_to_start(data: dict[str, Any], kind: Kind, variable: str) -> None:
    assert problems(_without(data, kind, variable)) == f"{kind}: {variable} is missing"


def test_an_unknown_variable_refuses_to_start(data: dict[str, Any]) -> None:
    data["templates"][0]["params"].append("weather")
    data["templates"][0]["text"] += "{3}"
    assert problems(data) == "login_code: weather is unknown"


@pytest.mark.parametrize("text", ["验证码{1}", "验证码{1}{2}{3}", "验证码{1}{1}{2}", "验证码{code}{2}"])
def test_a_text_that_does_not_fit_its_parameters_refuses_to_start(data: dict[str, Any], text: str) -> None:
    data["templates"][0]["text"] = text
    assert "each of its 2 parameters once" in problems(data)


def test_a_failure_text_without_the_hotline_refuses_to_start(data: dict[str, Any]) -> None:
    data["templates"][2]["text"] = data["templates"][2]["text"].replace(HOTLINE, "")
    assert "12366" in problems(data)


def test_all_problems_are_told_together(data: dict[str, Any]) -> None:
    data["templates"][0]["name"] = "greeting"
    data["templates"][2] |= {"id": "1002"}
    data["templates"][1]["text"] += "长" * 500
    found = problems(data)
    assert "greeting: no such kind" in found
    assert "login_code: has 0 templates" in found
    assert "same id" in found
    assert "payment_succeeded: longer than 500" in found


@pytest.mark.parametrize("data", [None, [], {}, {"version": "1", "templates": [{"id": "1"}]}, "x"])
def test_another_file_refuses_to_start(data: Any) -> None:
    assert "not a template file" in problems(data)


@pytest.mark.parametrize(("length", "billed"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3)])
def test_segments_are_counted_as_billed(length: int, billed: int) -> None:
    assert segments(length) == billed


def test_the_signature_counts_and_rare_characters_count_twice(data: dict[str, Any]) -> None:
    good = catalogue(data, "广西税务")
    short = {"code": "123456", "minutes": "5"}
    assert good.length(Kind.LOGIN_CODE, short) == len(good[Kind.LOGIN_CODE].render("广西税务", short))
    assert good.segments(Kind.LOGIN_CODE, short) == 1
    assert units("韦𣲗") == 3
