"""The same file names in every service, small files and functions, and names that say something (design.md §2)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.architecture.sources import PRODUCT, ROOT, SERVICES, files, tree

EVERYWHERE = {
    "__init__.py", "README.md", "service.py", "config.py", "usecases.py", "domain.py", "models.py", "storage.py",
    "adapters", "migrations", "__pycache__",
}  # fmt: skip
"""The closed list of design.md §2. A file missing from a service is not needed there."""

FOLDERS = {"usecases", "domain", "storage", "models"}
"""What may be a folder, split by subject, where one file would be too long."""

BY_SUBJECT = {
    "contribution": {
        "demonstration.py": "演示数据 for everything but production (kit.migrate)",
        "banks.json": "who takes tripartite agreements online, and their account numbers",
        "divisions": "the pooling levels there are, with the licence of the data",
        "entrypoints": "entrypoints by subject: one service.py would be 350 lines",
        "tables.py": "the command line by which operators keep the authority's tables",
    },
    "ocr": {
        "divisions": "names of places on cards, with the licence of the data",
        "reading": "from pixels to text: what every engine and the worker share",
        "worker.py": "the process that reads, beside the service's own",
        "workers.py": "those processes and the queue before them",
        "wire.py": "how the two speak",
    },
    "identity": {"divisions": "Guangxi's cities to villages: the data, its licence and what reads it"},
    "payment": {
        "entrypoints": "entrypoints by subject: one service.py would be 350 lines",
        "refund_desk.py": "refunds at the command line",
        "verify.py": "the same at the command line, over the live database",
        "merchants.py": "which merchant collects for an agency: configuration with a rule of its own",
        "reconciliation": "our books, UnionPay's file and the tax core's compared: a subject with rules of its own",
        "reconcile.py": "its command line, which the service starts as a process",
        "publishers.py": "which other tax systems may tell: configuration with a rule of its own",
    },
    "notify": {
        "sender.py": "the greenlet that empties the queue of messages, and the providers it asks",
        "staff.py": "the operators' command line, for when the console is away",
        "templates.py": "the provider's registered texts",
        "templates.json": "the same, as registered",
        "wording.py": "what each text is filled with",
    },
    "certificate": {
        "certificate.typ": "the page as it is printed",
        "authorities.json": "who has a seal, and what it looks like",
        "desk.py": "the command line by which tax officers keep the register",
        "press.py": "the process that does what does not yield",
        "presses.py": "those processes as green threads use them",
    },
    "console": {
        "routes": "entrypoints by subject: one service.py would be 800 lines",
        "templates": "the pages themselves",
        "static": "the style sheet",
        "accounts.py": "the command line that makes the first account",
        "browser.py": "the cookie and security headers",
        "errors.py": "what the console itself refuses",
        "pages.py": "renders templates",
    },
    "gateway": {
        "routes": "entrypoints by subject: one service.py would be 700 lines",
        "api": "the JSON API's payloads and its OpenAPI document",
        "templates": "the pages themselves",
        "static": "style sheets and scripts",
        "assets.py": "static files with a digest in their name",
        "browser.py": "cookies, CSRF and security headers",
        "errors.py": "what can go wrong before any other service is asked",
        "pages.py": "renders templates",
        "problems.py": "errors as pages and as problem documents",
        "photos.py": "photos of cards, held in memory while they are read",
    },
}
"""What single services have besides, each with its subject."""

MEANINGLESS = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|stuff|part_?\d+)(_|$)")
LONGEST_FILE, LONGEST_FUNCTION = 300, 40

every_service = pytest.mark.parametrize("service", SERVICES)
every_file = pytest.mark.parametrize("path", [pytest.param(path, id=str(path)) for path in files()])


@every_service
def test_a_service_has_the_files_of_the_closed_list(service: str) -> None:
    allowed = EVERYWHERE | FOLDERS | set(BY_SUBJECT.get(service, {}))
    present = {path.name for path in (ROOT / "services" / service).iterdir()}
    strange = present - allowed
    assert not strange, (
        f"services/{service}: not in the closed list of design.md §2, nor by subject: {strange}"
    )
    doubled = {name for name in FOLDERS if {name, f"{name}.py"} <= present}
    assert not doubled, f"services/{service}: both a file and a folder: {doubled}"


@every_service
def test_a_service_has_entrypoints_settings_and_one_page_about_it(service: str) -> None:
    folder = ROOT / "services" / service
    for name in ("README.md", "service.py", "config.py"):
        assert (folder / name).exists(), f"services/{service} has no {name} (design.md §2)"
    page = (folder / "README.md").read_text()
    assert len(page.splitlines()) <= 130, f"services/{service}/README.md: one page (design.md §2)"


@every_service
def test_tables_storage_and_migrations_come_together(service: str) -> None:
    folder = ROOT / "services" / service
    present = {
        name: (folder / name).exists() or (folder / f"{name}.py").exists()
        for name in ("models", "storage", "migrations")
    }
    assert len(set(present.values())) == 1, f"services/{service}: {present}"


@every_service
def test_migrations_have_one_head_and_one_base(service: str) -> None:
    folder = ROOT / "services" / service / "migrations"
    if not folder.exists():
        pytest.skip(f"{service} has no database")
    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1, f"{folder}: merge the heads {script.get_heads()}"
    assert len(script.get_bases()) == 1, f"{folder}: several bases {script.get_bases()}"


@every_file
def test_a_file_is_short_enough_to_read(path: Path) -> None:
    if "versions" in path.parts:
        return
    lines = len((ROOT / path).read_text().splitlines())
    assert lines <= LONGEST_FILE, f"{path} has {lines} lines: split it by subject (design.md §2)"


@every_file
def test_a_function_is_short_enough_to_read(path: Path) -> None:
    if "versions" in path.parts:
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{path}: {node.name} has {lines} lines (design.md §2)"


@every_file
def test_a_module_is_named_after_its_subject(path: Path) -> None:
    for part in (*path.parent.parts, path.stem):
        assert not MEANINGLESS.search(part), f"{path}: {part} names no subject (design.md §2)"


def test_the_closed_list_names_nothing_that_is_gone() -> None:
    for service, names in BY_SUBJECT.items():
        for name, reason in names.items():
            assert (ROOT / "services" / service / name).exists(), f"services/{service}/{name} is gone"
            assert len(reason) > 5


def test_every_folder_of_the_product_is_looked_at() -> None:
    for folder in PRODUCT:
        assert any(files(folder)), folder
