"""The tour's links: a browser becomes a persona's phone, as WeChat would know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.personas import personas
from sandbox.settings import Settings
from tests.contract.sandbox.caller import world
from tests.contract.sandbox.test_wechat import ASKED, code_from, token

ENTRY = "http://127.0.0.1:8000/"


@pytest.fixture
def browser(settings: Settings) -> Iterator[FlaskClient]:
    """A browser before a sandbox that knows where the product is entered."""
    with create_app(replace(settings, entry_url=ENTRY)).test_client() as client:
        yield client
        world(client).store.close()


def test_the_bare_address_leads_to_the_tour(browser: FlaskClient) -> None:
    assert browser.get("/").location == "/sandbox"


def test_every_persona_has_a_link_and_what_they_show(browser: FlaskClient) -> None:
    page = browser.get("/sandbox").text
    links = set(re.findall(r'href="(/sandbox/enter/\w+)"', page))
    assert links == {f"/sandbox/enter/{person.persona}" for person in personas()}
    assert all(person.shows in page for person in personas())


def test_a_link_opens_the_entry_as_that_personas_wechat_user_once(browser: FlaskClient) -> None:
    browser.set_cookie("session", "somebody else's")
    entered = browser.get("/sandbox/enter/declared")
    assert (entered.status_code, entered.location) == (302, ENTRY)
    assert browser.get_cookie("session") is None, "nobody is logged in on the new phone"
    code = code_from(browser.get("/connect/oauth2/authorize", query_string=ASKED))
    assert token(browser, code=code)["openid"] == "oRealname-declared"
    again = browser.get("/connect/oauth2/authorize", query_string=ASKED)
    assert again.status_code == 200, "the next entry asks who one is"


def test_there_is_no_link_for_nobody_or_to_nowhere(browser: FlaskClient, client: FlaskClient) -> None:
    assert browser.get("/sandbox/enter/nobody").status_code == 404
    assert client.get("/sandbox/enter/declared").status_code == 404
    assert "/sandbox/enter/" not in client.get("/sandbox").text
