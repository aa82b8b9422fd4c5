"""A sandbox in the test's own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.settings import Settings
from tests.contract.sandbox.caller import TEMPLATES, Caller, world


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    templates = tmp_path / "templates.json"
    templates.write_text(json.dumps(TEMPLATES, ensure_ascii=False))
    return Settings(database=str(tmp_path / "sandbox.sqlite3"), residents=200, sms_templates=templates)


@pytest.fixture
def caller(settings: Settings) -> Iterator[Caller]:
    app = create_app(settings)
    with app.test_client() as client:
        yield Caller(client, settings)
    world(client).store.close()


@pytest.fixture
def client(caller: Caller) -> FlaskClient:
    return caller.client
