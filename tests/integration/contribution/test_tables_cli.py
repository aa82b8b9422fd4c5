"""The operators' command line, in processes of its own over a database of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

from sandbox.settings import DEMO_CREDENTIALS
from tests.factories.contribution_sheets import resident, workbook
from tests.factories.keys import KEYS, QUOTE_KEYS, STAFF_KEYS
from tests.integration.contribution.running import ROOT

LI = ("--operator", "4501-0001", "--name", "李明", "--pooling", "450100")
WANG = ("--operator", "4501-0002", "--name", "王芳", "--pooling", "450100")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("tables")
    clock = directory / "clock-offset"
    clock.write_text("0")
    variables = {
        **KEYS, "QUOTE_KEYS": QUOTE_KEYS, "CONTRIBUTION_STAFF_KEYS": STAFF_KEYS,
        "PATH": os.environ["PATH"], "ENVIRONMENT": "development", "AMQP_URI": "memory://localhost",
        "CONTRIBUTION_DATABASE_URL": f"sqlite:///{directory}/contribution.sqlite3",
        "CONTRIBUTION_HTTP_ADDRESS": "127.0.0.1:0", "TAXBANK_URL": "http://127.0.0.1:9",
        "TAXCORE_URL": "http://127.0.0.1:9/esb",
        "CLOCK_OFFSET_FILE": str(clock), "PYTHONIOENCODING": "utf-8",
        **{name: DEMO_CREDENTIALS[name] for name in ("TAXBANK_APP_ID", "TAXBANK_APP_KEY")},
    }  # fmt: skip
    _run(variables, "kit.migrate", "contribution")
    return variables


def _run(environment: dict[str, str], module: str, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def tables(environment: dict[str, str], *arguments: str | Path) -> tuple[int, str]:
    """As a user of the machine for each operator, whatever the environment says they are called."""
    texts = [str(argument) for argument in arguments]
    user = texts[texts.index("--operator") + 1].replace("-", "") if "--operator" in texts else "0"
    given = environment | {"LOGNAME": f"user{len(texts)}"}
    return _run(given, "tests.fakes.machine_user", user, "services.contribution.tables", *arguments)


def test_a_table_goes_from_the_template_into_force(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "标准.xlsx"
    assert tables(environment, "template", file)[0] == 0
    made = load_workbook(file)
    year = made["示例"]["D2"].value
    made["缴费标准"].append([None if cell == "" else cell for cell in resident(amount=420, year=year)])
    made.save(file)
    code, said = tables(environment, "preview", file, *LI)
    assert code == 0
    assert re.search(r"停用|修改 +个人缴费标准 +400\.00元 +420\.00元", said), said
    assert "现行：演示数据 2025年起的标准" in said
    (import_id,) = re.findall(r"编号 (\S+)", said)
    code, said = tables(environment, "submit", import_id, "--reason", "桂税发〔2026〕5号", *LI)
    assert (code, "待审核" in said) == (0, True)
    code, said = tables(environment, "approve", import_id, *LI)
    assert (code, said.strip()) == (1, "不能审核自己提交的标准，请另一位操作员审核。")
    code, said = tables(environment, "approve", import_id, *WANG)
    assert (code, "已生效" in said) == (0, True)
    said = tables(environment, "show", import_id, *WANG)[1]
    assert all(words in said for words in ("李明（4501-0001）", "王芳（4501-0002）", "被拒绝", "审核通过"))
    said = tables(environment, "history", "450100", "城乡居民", "医疗保险", *LI)[1]
    assert (
        "第1版 南宁市税务局" in said and "420.00元" in said and "提交 cli:45010001，审核 cli:45010002" in said
    )
    assert import_id in tables(environment, "list", *WANG)[1]


def test_faults_are_listed_with_row_and_column(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "标准.xlsx"
    file.write_bytes(workbook(resident(year=1999), resident(amount="x", year=1999)))
    code, said = tables(environment, "preview", file, *LI)
    assert code == 1
    assert re.search(r"第3行 +F列“年应缴金额（元）” +不是金额", said), said
    assert "共3处问题，没有存草稿，没有改动任何标准。" in said


def test_what_cannot_be_done_says_so_in_its_exit_code(environment: dict[str, str], tmp_path: Path) -> None:
    assert tables(environment, "preview", tmp_path / "没有.xlsx", *LI)[0] == 1
    assert tables(environment, "approve", "nothing", *LI) == (1, "没有找到这次导入。\n")
    assert tables(environment, "approve", "nothing")[0] == 2
    assert tables({"PATH": os.environ["PATH"]}, "list", *LI)[0] == 78
