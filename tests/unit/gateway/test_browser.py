"""Cookies, redirects and headers, on http in development and on https."""

from __future__ import annotations

import hashlib

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from services.gateway.browser import Browser, go, is_masked, masked
from services.gateway.config import Config
from services.gateway.errors import UnsafeRedirect
from tests.factories.keys import KEYS, STAFF_KEYS


def settings(**other: object) -> Config:
    values: dict[str, object] = {
        "database_url": "sqlite://", "http_address": "127.0.0.1:0", "amqp_uri": "memory://",
        **{name.lower(): key for name, key in KEYS.items()}, "staff_keys": STAFF_KEYS,
        "public_url": "https://sb.example", "wechat_appid": "wx1", "wechat_secret": "s" * 32,
        "redirect_hosts": ("pay.example",),
    }  # fmt: skip
    return Config(**values | other)  # type: ignore[arg-type]


def _request(path: str = "/", **headers: str) -> Request:
    return Request(EnvironBuilder(path=path, headers=headers).get_environ())


@pytest.fixture
def browser() -> Browser:
    return Browser(settings())


def test_on_https_cookies_are_host_bound_secure_and_unreadable(browser: Browser) -> None:
    cookie = browser.keep_session(Response(), "token-1").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=token-1;")
    for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    headers = browser.protect(Response()).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_on_http_the_cookie_has_a_plain_name() -> None:
    plain = Browser(settings(public_url="http://127.0.0.1:8000"))
    assert plain.keep_session(Response(), "t").headers["Set-Cookie"].startswith("session=t;")
    assert plain.session_token(_request(Cookie="session=t")) == "t"
    assert "Strict-Transport-Security" not in plain.protect(Response()).headers


@pytest.mark.parametrize(
    "url", ["https://pay.example/x", "https://open.weixin.qq.com/y", "https://sb.example/orders/1"]
)
def test_listed_hosts_may_be_gone_to(browser: Browser, url: str) -> None:
    answer = browser.send_away(url)
    assert (answer.status_code, answer.headers["Location"]) == (303, url)


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "http://pay.example/", "//evil.example", "javascript:alert(1)", "/local",
     "https://pay.example@evil.example/", "https://pay.example.evil.example/", ""],
)  # fmt: skip
def test_no_other_host_may_be_gone_to(browser: Browser, url: str) -> None:
    with pytest.raises(UnsafeRedirect):
        browser.send_away(url)


def test_the_payment_page_is_named_in_the_policy_and_scripts_are_ours_alone(browser: Browser) -> None:
    policy = browser.protect(Response()).headers["Content-Security-Policy"]
    assert "form-action 'self' https://open.weixin.qq.com https://pay.example https://sb.example;" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


def test_the_state_fits_only_the_browser_that_began(browser: Browser) -> None:
    entry = browser.new_entry("/orders/o-1", "expired")
    assert entry.state == hashlib.sha256(entry.secret.encode()).hexdigest()
    cookie = browser.keep_entry(Response(), entry).headers["Set-Cookie"].partition(";")[0]
    back = f"/wechat/callback?code=c&state={entry.state}"
    assert browser.entry(_request(back, Cookie=cookie)) == entry
    assert browser.entry(_request(back)) is None
    assert browser.entry(_request("/wechat/callback?state=0", Cookie=cookie)) is None
    empty = hashlib.sha256(b"").hexdigest()
    assert browser.entry(_request(f"/wechat/callback?state={empty}", Cookie="__Host-entry=||")) is None


def test_an_entry_keeps_no_foreign_address(browser: Browser) -> None:
    assert browser.new_entry("https://evil.example", "<b>").return_path == ""
    assert browser.new_entry("//evil.example", "<b>").notice == ""


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "9.9.9.9, 1.1.1.1", "1.1.1.1"),
        (2, "9.9.9.9, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(proxies: int, forwarded: str, seen: str) -> None:
    request = Request(
        EnvironBuilder(
            headers={"X-Forwarded-For": forwarded}, environ_base={"REMOTE_ADDR": "127.0.0.1"}
        ).get_environ()
    )
    assert Browser(settings(trusted_proxies=proxies)).client_ip(request) == seen


def test_redirects_within_the_site_drop_empty_questions() -> None:
    assert go("/login", next="", notice="").headers["Location"] == "/login"
    assert go("/login", next="/orders/1").headers["Location"] == "/login?next=%2Forders%2F1"


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"public_url": "ftp://x"}, "PUBLIC_URL"),
        ({"public_url": "https://x/path"}, "PUBLIC_URL"),
        (
            {"environment": "production", "public_url": "http://sb.example"},
            "PUBLIC_URL: production needs https",
        ),
        ({"session_idle_seconds": 99_999}, "GATEWAY_SESSION_IDLE_SECONDS"),
    ],
)
def test_unfit_settings_are_named(other: dict[str, object], problem: str) -> None:
    assert any(problem in found for found in settings(**other).problems())


def test_fit_settings_have_no_problem() -> None:
    assert settings().problems() == []


def test_a_csrf_token_looks_different_on_each_page_and_is_known_again() -> None:
    first, second = masked("token-1"), masked("token-1")
    assert first != second
    assert is_masked(first, "token-1")
    assert is_masked(second, "token-1")
    for sent in (first[:-2], first + "00", "token-1", "", "zz", masked("token-2")):
        assert not is_masked(sent, "token-1")
