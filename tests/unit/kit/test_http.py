"""What every answer of a service says, also where no route was found or a method is unheard of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug.routing import Map
from werkzeug.test import Client

from kit.http import HEADERS, ON_HTTPS, _App


def _service(**settings: Any) -> Client:
    """A service without routes."""
    server: Any = SimpleNamespace(
        container=SimpleNamespace(config={"settings": SimpleNamespace(**settings)}), make_url_map=Map,
        answer_operator=lambda path: None,
    )  # fmt: skip
    return Client(_App(server))


@pytest.mark.parametrize("method", ["GET", "POST", "TRACE", "OPTIONS", "BREW"])
def test_on_https_every_answer_keeps_browsers_there(method: str) -> None:
    headers = _service(https=True).open("/nothing", method=method).headers
    assert (HEADERS | ON_HTTPS).items() <= dict(headers).items()


def test_without_https_browsers_are_not_sent_there() -> None:
    headers = _service().get("/nothing").headers
    assert HEADERS.items() <= dict(headers).items()
    assert not ON_HTTPS.keys() & dict(headers).keys()
