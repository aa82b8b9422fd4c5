"""A resident with a browser: reads the page that came, fills its form, goes on; lost, starts from the menu again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from tests.chaos.person import PATIENCE, GaveUp, Person, content_of

_RESULTS = {"缴费成功": "paid", "交易失败": "closed"}


@dataclass
class Form:
    """A form as a browser would send it untouched."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What a person sees of a page: heading, links, forms, boxes to tick. Of radio buttons the first is chosen."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.url, self.path = answer.url, urlsplit(answer.url).path
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.ticks: dict[str, str] = {}
        self._select = ""
        self.feed(answer.text)
        self.text = answer.text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif self.forms:
            self._fill(tag, given, self.forms[-1].fields)

    def _fill(self, tag: str, given: dict[str, str], fields: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        kind = given.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in given or self._select not in fields):
            fields[self._select] = value
        elif tag == "input" and kind == "radio":
            if "checked" in given or name not in fields:
                fields[name] = value
        elif tag == "input" and kind == "checkbox":
            self.ticks[name] = value
        elif tag == "input":
            fields[name] = value

    def form(self, ending: str) -> Form | None:
        """The form that goes to an address ending so."""
        return next((form for form in self.forms if form.action.endswith(ending)), None)

    def link(self, beginning: str) -> str | None:
        return next((link for link in self.links if link.startswith(beginning)), None)

    def says(self, heading: str) -> bool:
        return f"<h1>{heading}</h1>" in self.text


class PageWalker:
    """Walks from the official account's menu to the result page. `button` is pressed at the cashier."""

    def __init__(self, person: Person, button: str) -> None:
        self._person, self._button = person, button
        self._http = requests.Session()
        self._order_id = ""

    def walk(self) -> str:
        """Go on until the order is settled; returns its state. Raises GaveUp."""
        deadline = time.monotonic() + 2 * PATIENCE
        page: Page | None = None
        where = ""
        while time.monotonic() < deadline:
            try:
                page = self._step(page) if page else self._begin_again()
                where = page.path if page else where
            except (requests.RequestException, TimeoutError) as error:
                where, page = f"{where} {type(error).__name__}", None
            if page is None:
                self._person.diary.met.append(where)
                time.sleep(random.uniform(0.2, 1.0))
            elif state := self._result(page):
                return state
        raise GaveUp(f"the pages end at {where}")

    def _result(self, page: Page) -> str:
        if not page.path.startswith("/orders/"):
            return ""
        state = next((state for heading, state in _RESULTS.items() if page.says(heading)), "")
        if state:
            self._person.diary.seen[page.path.split("/")[2]] = state
        return state

    def _begin_again(self) -> Page:
        return self._open(self._order_page() if self._order_id else "/")

    def _order_page(self) -> str:
        """Who has not paid yet asks for the page that offers to pay on."""
        paid = self._order_id in self._person.diary.pressed
        return f"/orders/{self._order_id}{'' if paid else '?looks=99'}"

    def _step(self, page: Page) -> Page | None:
        """The page after this one; None when there is no way on from here."""
        if page.path == "/connect/oauth2/authorize":
            return self._open(f"{page.url.partition('#')[0]}&as={self._person.openid}")
        if page.path.startswith("/cashier/"):
            return self._at_cashier(page)
        if page.path == "/login":
            return self._log_in(page)
        if page.path == "/menu":
            return self._at_menu(page)
        if page.path.startswith("/orders/"):
            return self._at_order(page)
        if page.path.endswith(("/enrolment", "/quote")):
            time.sleep(1)  # 您前面还有 N 人: the page itself looks again every three seconds
            return self._open(page.path)
        for step in ("payer", "choice", "confirmation", "check", "payment"):
            form = page.form(f"/{step}")
            if form and page.path.endswith(f"/{step}"):
                return self._send(page, form)
        if found := page.link("/orders/"):
            return self._open(found)
        time.sleep(0.5)
        return None

    def _at_menu(self, page: Page) -> Page | None:
        if "缴费记录暂时查询不到" in page.text:
            return None
        go_on = page.link("/orders/") or page.link("/journeys/")
        if go_on:
            return self._open(go_on)
        form = page.form("/journeys")
        return self._send(page, form) if form else None

    def _at_order(self, page: Page) -> Page | None:
        """Pay on; or, after paying, wait as the page itself does: it loads again every three seconds."""
        self._order_id = page.path.split("/")[2]
        self._person.diary.orders.add(self._order_id)
        form = page.form("/payment")
        if form and self._order_id not in self._person.diary.pressed:
            return self._send(page, form)
        time.sleep(1.5)
        return self._open(self._order_page())

    def _at_cashier(self, page: Page) -> Page | None:
        form = page.form(f"/{self._button}")
        if form:
            return self._send(page, form)
        if page.says("支付成功"):
            self._person.diary.pressed.add(self._order_id)
        leave = page.form("/return")
        return self._send(page, leave) if leave else None

    def _log_in(self, page: Page) -> Page | None:
        form = page.form("/login")
        if form is None:
            return None
        who = self._person
        form.fields |= {"name": who.name, "document_number": who.number, "phone": who.phone} | page.ticks
        asked = time.time() - 1
        sent = self._send(page, Form("/login/code", dict(form.fields)))
        if 'class="sent"' not in sent.text or "有效" not in sent.text:
            return None
        again = sent.form("/login")
        assert again is not None, "the login page has its form"
        again.fields |= form.fields | {"csrf": again.fields["csrf"], "code": who.code_since(asked)}
        return self._send(sent, again)

    def _send(self, page: Page, form: Form) -> Page:
        return self._take(self._http.post(urljoin(page.url, form.action), data=form.fields, timeout=20))

    def _open(self, path: str) -> Page:
        home = self._person.town.gateways[0]
        return self._take(self._http.get(urljoin(home, path), timeout=20))

    def _take(self, answer: requests.Response) -> Page:
        for passed in [*answer.history, answer]:
            if urlsplit(passed.url).path.endswith("/webpay/pay"):
                self._order_id = content_of(passed.url)["returnUrl"].rpartition("/")[2]
                self._person.diary.orders.add(self._order_id)
        if answer.status_code >= 500:
            raise requests.HTTPError(f"{answer.status_code}")
        return Page(answer)
