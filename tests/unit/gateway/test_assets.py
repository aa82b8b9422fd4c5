"""What travels to a phone: static files for ever under their hash, answers compressed for whoever takes them so."""

from __future__ import annotations

import gzip

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from services.gateway.assets import asset_url, compressed, serve_asset

NAMES = ("app.css", "app.js", "wechat.js", "vendor/weui.css", "vendor/htmx.min.js")


def _asking(accepted: str = "gzip, deflate, br") -> Request:
    return Request(EnvironBuilder(headers={"Accept-Encoding": accepted}).get_environ())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_under_its_own_hash_is_kept_for_ever(name: str) -> None:
    _, _, digest, *rest = asset_url(name).split("/")
    answer = serve_asset(_asking(), digest, "/".join(rest))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(answer.data) == serve_asset(_asking("identity"), digest, name).data
    assert serve_asset(_asking(), "0" * 12, name).headers["Cache-Control"] == "no-store", "of another release"


def test_an_unknown_file_is_not_found() -> None:
    with pytest.raises(NotFound):
        serve_asset(_asking(), "0" * 12, "../config.py")


def test_an_answer_is_compressed_for_whoever_takes_it() -> None:
    whole = "社保费" * 500
    small = compressed(_asking(), Response(whole))
    assert (small.headers["Content-Encoding"], small.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(small.data).decode() == whole
    assert int(small.headers["Content-Length"]) == len(small.data) < 200
    assert compressed(_asking("identity"), Response(whole)).get_data(as_text=True) == whole
