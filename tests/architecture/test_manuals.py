"""The manuals do not go stale: what they link to, name and show exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.architecture.sources import ROOT, SERVICES
from tests.architecture.test_settings import _variables

FOLDER = ROOT / "docs" / "manuals"
MANUALS = sorted(FOLDER.glob("*.md"))
TITLES = {
    "user.md": "用户手册", "operations.md": "运维手册", "development.md": "二次开发手册",
    "interfaces.md": "接口文档", "acceptance.md": "验收测试报告",
}  # fmt: skip
SHARED = {
    "ENVIRONMENT", "AMQP_URI", "PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY", "ROW_SEAL_KEYS", "LOG_LEVEL",
    "CLOCK_OFFSET_FILE", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
}  # fmt: skip
IMAGES_BYTES = 2_000_000

every_manual = pytest.mark.parametrize("manual", MANUALS, ids=lambda path: path.stem)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _anchors(path: Path) -> set[str]:
    """A heading's anchor as it is made by the pages that show it."""
    headings = re.findall(r"^#+ +(.+)$", re.sub(r"```.*?```", "", _text(path), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_manuals_that_were_asked_for_are_there_with_their_chinese_titles() -> None:
    for name, title in TITLES.items():
        assert _text(FOLDER / name).startswith(f"# {title}\n")
        assert f"[{title}]({name})" in _text(FOLDER / "README.md")


@every_manual
def test_every_link_leads_somewhere(manual: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _text(manual)):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (manual.parent / file).resolve() if file else manual
        assert target.exists(), f"{manual.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{manual.name}: {link}"


@every_manual
def test_every_command_that_is_named_exists(manual: Path) -> None:
    for script in re.findall(r"scripts/[a-z][a-z-]*", _text(manual)):
        assert (ROOT / script).is_file() or (ROOT / script).is_dir(), f"{manual.name}: {script}"
    for module in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", _text(manual)):
        if module != "pytest":
            assert importlib.util.find_spec(module), f"{manual.name}: python -m {module}"


@every_manual
def test_every_setting_that_is_named_exists(manual: Path) -> None:
    known = SHARED | {name for service in SERVICES for name in _variables(service)}
    known |= {
        f"{s.upper()}_{name}" for s in SERVICES for name in ("MAX_WORKERS", "DATABASE_POOL", "HTTP_ADDRESS")
    }
    known |= {
        "COMPOSE_FILE",
        "COMPOSE_PROJECT_NAME",
        *re.findall(r"\$\{([A-Z_]+)", _text(ROOT / "docker-compose.yml")),
    }
    for named in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", _text(manual)):
        assert named in known, f"{manual.name}: {named} is no setting"


@every_manual
def test_every_file_that_is_named_exists(manual: Path) -> None:
    """Those of the repository; names with a placeholder are shapes."""
    roots = "|".join(("contract", "kit", "services", "sandbox", "deploy", "tests", "docs", "bench"))
    for path in re.findall(rf"`((?:{roots})/[A-Za-z0-9_./-]+)`", _text(manual)):
        assert (ROOT / path).exists(), f"{manual.name}: {path}"


def test_the_pictures_are_shown_and_small() -> None:
    shown = {
        (manual.parent / link).resolve()
        for manual in MANUALS
        for link in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", _text(manual))
    }
    kept = {path.resolve() for path in (FOLDER / "images").glob("*")}
    assert kept <= shown, f"nobody shows {sorted(path.name for path in kept - shown)}"
    assert sum(path.stat().st_size for path in kept) < IMAGES_BYTES


def test_every_button_the_users_manual_names_is_on_a_page() -> None:
    pages = "".join(_text(path) for path in (ROOT / "services" / "gateway" / "templates").rglob("*.html"))
    for label in re.findall(r"【([^】]+)】", _text(FOLDER / "user.md")):
        assert label in pages, f"no page says {label}"
