"""A resident's phone: Chromium as WeChat's browser, with and without JavaScript, on both kinds of system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.browser import new_phone, start_browser
from deploy.local.system import System
from tests.e2e.gallery import JOURNEY, Gallery
from tests.e2e.looks import COLLECTED, LOOKS

LAST = "test_every_page.py"

expect.set_options(timeout=60_000)  # only bounds hanging: pages that wait go on by themselves


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--gallery", type=Path, help="write pictures of every page into this folder")
    parser.addoption("--on", choices=("embedded", "full"), help="only what needs this kind of system")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `javascript` get a phone with it and one without; the others one with it."""
    if "phone" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("javascript") is not None
        phones = {"javascript": True, "plain": False} if both else {"javascript": True}
        metafunc.parametrize("phone", list(phones.values()), ids=list(phones), indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for the whole run comes at its end, with what runs on the embedded system: nearly all pages do."""
    items.sort(key=lambda item: item.path.name == LAST)
    config.stash[COLLECTED] = {item.path.name for item in items}
    if wanted := config.getoption("--on"):
        elsewhere = [item for item in items if _needs_full(item) != (wanted == "full")]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


def _needs_full(item: pytest.Item) -> bool:
    assert isinstance(item, pytest.Function)
    on = item.callspec.params.get("system") if hasattr(item, "callspec") else None
    return on == "full" or "full_system" in item.fixturenames


@pytest.fixture(scope="session", autouse=True)
def gallery(request: pytest.FixtureRequest) -> Iterator[Gallery | None]:
    """Keeps pictures of what is looked at, when asked to."""
    folder: Path | None = request.config.getoption("--gallery")
    if folder is None:
        yield None
        return
    kept = Gallery(folder)
    LOOKS.on_sight = kept.take
    yield kept
    kept.write_index()


@pytest.fixture(autouse=True)
def steps(request: pytest.FixtureRequest, gallery: Gallery | None) -> None:
    """One test's pages are the main journey's."""
    LOOKS.on_visit = gallery.take_step if gallery and request.node.originalname == JOURNEY else None


@pytest.fixture(scope="session", params=["embedded", "full"])
def system(request: pytest.FixtureRequest) -> System:
    """The whole product, once in one process and once on real servers."""
    found: System = request.getfixturevalue(f"{request.param}_system")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = start_browser(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def phone(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A phone of its own for each test."""
    context = new_phone(browser, javascript=request.param)
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    """An open page on the phone."""
    return phone.new_page()
