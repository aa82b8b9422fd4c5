"""What every route shares: who is calling, and how an answer or an error becomes a page."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any, cast

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, NotFound
from contract.intrusion import AddressesTried
from contract.rights import PersonNamed
from kit.aside import Aside, AsideWork
from kit.database import AWAY
from kit.gathering import Gathering
from kit.http import Access, problem
from kit.intrusion import Watch
from kit.parked import ParkedEntrypoints
from kit.relay import Relay
from kit.rpc import Caller, RpcCaller
from kit.service import Made
from kit.telemetry import originate
from services.gateway import problems
from services.gateway.adapters.base import OfficialAccount
from services.gateway.adapters.wechat import Wechat
from services.gateway.api.operations import API_KEY
from services.gateway.browser import Browser, go, is_masked
from services.gateway.domain.clients import Client, name_of
from services.gateway.domain.drafts import Journey, JourneyState
from services.gateway.domain.paths import way_back
from services.gateway.domain.rates import Rates
from services.gateway.domain.sdk import in_wechat
from services.gateway.domain.sessions import LoggedInPayer, Session, device_of, hash_of
from services.gateway.errors import LoginNeeded, PageExpired, SessionNeeded, StalePage, UnknownKey
from services.gateway.pages import Pages
from services.gateway.photos import Photos
from services.gateway.storage.batches import Batches
from services.gateway.storage.journeys import Journeys
from services.gateway.storage.rates import RateCounts
from services.gateway.storage.readings import Readings
from services.gateway.storage.sessions import Sessions
from services.gateway.storage.tickets import Tickets
from services.gateway.usecases import rates, sessions
from services.gateway.usecases.foreign import journal_foreign
from services.gateway.usecases.ports import Ports
from services.gateway.usecases.sdk import sign_page
from services.gateway.usecases.sessions import Presented

SESSIONS, JOURNEYS, BATCHES, READINGS, TICKETS = Sessions(), Journeys(), Batches(), Readings(), Tickets()
RATES = RateCounts()
STATIC = "/static/"
"""Files a page brings along: who limits them breaks the page."""
_SAFE = {"GET", "HEAD"}
_MOST_FOUND = 50
_TOUCH = dt.timedelta(minutes=1)

_log = logging.getLogger(__name__)


class Routes(ParkedEntrypoints):
    """Base of the route classes; together they are the GatewayService."""

    name = "gateway"

    rpc: Caller = cast(Caller, RpcCaller())
    aside: Aside = cast(Aside, AsideWork())
    wechat: OfficialAccount = cast(OfficialAccount, Made(Wechat))
    pages: Pages = cast(Pages, Made(Pages))
    browser: Browser = cast(Browser, Made(Browser))
    photos: Photos = cast(Photos, Made(Photos))
    outbox: Any = Relay()
    triers: Watch = cast(Watch, Made(lambda settings: Watch(AddressesTried.type)))
    rates: Rates = cast(Rates, Made(lambda settings: Rates()))
    finding: Any = Made(lambda settings: Gathering(sessions.find_sessions, most=_MOST_FOUND, lanes=2))

    @property
    def ports(self) -> Ports:
        return Ports(self.database, SESSIONS, JOURNEYS, BATCHES, self.rpc, self.clock, self.aside)

    def admit(self, request: Request, access: Access) -> Any:
        """The caller's session, or for programs with a key the Client. Raises LoginNeeded, TooMany for who comes too
        often, or PageExpired for a form that is not this session's."""
        originate(self.browser.client_ip(request))
        if access is Access.SIGNED or request.path.startswith(STATIC):
            return None
        self._count("ip", self.browser.client_ip(request), self.settings.ip_per_minute)
        if access is Access.PUBLIC:
            return None
        return self._client(request) if access is Access.CLIENT else self._session(request, access)

    def _session(self, request: Request, access: Access) -> Session:
        """Of a visitor or a payer. Raises as `admit` does."""
        session = self.find_session(request)
        if session is None:
            raise SessionNeeded
        self._count("openid", session.openid, self.settings.openid_per_minute)
        self.count_person(session)
        if access is Access.PAYER and session.payer is None:
            raise LoginNeeded
        form = request.method not in _SAFE and not _is_api(request)
        if form and not is_masked(request.form.get("csrf", ""), session.csrf_token):
            raise PageExpired
        now = self.clock.now()
        if now - session.last_seen_at > _TOUCH:
            with self.database.transaction() as tx:
                SESSIONS.touch(tx, session.token_hash, now)
        return session

    def count_person(self, session: Session) -> None:
        """One request more of a payer. Raises TooMany."""
        if session.payer is not None:
            self._count("person", session.payer.person_id, self.settings.person_per_minute)

    def _count(self, kind: str, who: str, limit: int) -> None:
        rates.admit(f"{kind} {who}", limit, self.rates, self.clock.now())

    def _client(self, request: Request) -> Client:
        """A program by its key, or a WeChat user by the session. Raises LoginNeeded."""
        if (key := request.headers.get(API_KEY)) is not None:
            name = name_of(key, self.settings.ocr_api_keys)
            if name is None:
                raise UnknownKey
            return Client(f"key {name}", self.settings.ocr_key_per_minute)
        return self.client_of(self._session(request, Access.VISITOR))

    def client_of(self, session: Session) -> Client:
        """A WeChat user as one who has cards read, the same before and after the login."""
        return Client(f"openid {session.openid}", self.settings.ocr_per_minute, session)

    def find_session(self, request: Request) -> Session | None:
        """The live session of a request: by cookie on pages, by bearer token on the API, never crosswise."""
        token = _bearer(request) if _is_api(request) else self.browser.session_token(request)
        if not token:
            return None
        session = self.finding(Presented(hash_of(token), self.database, SESSIONS))
        limits = self.settings.session_idle, self.settings.session_absolute
        return session if session and session.alive(self.clock.now(), *limits) else None

    def payer(self, session: Session) -> LoggedInPayer:
        """The payer of a session that a PAYER route admitted."""
        assert session.payer is not None
        return session.payer

    def person(self, session: Session) -> PersonNamed:
        """The payer, as identity is asked about them."""
        return PersonNamed(self.payer(session).person_id)

    def own_sessions(self, session: Session) -> Sequence[Session]:
        """The payer's live sessions."""
        limits = self.settings.session_idle, self.settings.session_absolute
        return sessions.list_sessions(self.payer(session).person_id, *limits, self.ports)

    def device(self, request: Request) -> str:
        """The kind of device a request comes from."""
        return device_of(request.headers.get("User-Agent", ""))

    def journey(self, session: Session, journey_id: str) -> Journey:
        """The payer's own journey. Raises NotFound for any other."""
        with self.database.read() as tx:
            journey = JOURNEYS.find(tx, self.payer(session).person_id, journey_id)
        if journey is None:
            payer_id = self.payer(session).person_id
            journal_foreign(payer_id, "journey", journey_id, JOURNEYS, self.journal, self.ports)
            raise NotFound("没有找到这次缴费办理，可能已经过期，请从首页重新开始。")
        return journey

    def _settled(self, journey: Journey) -> Response | None:
        """Where a journey that is over leads: its order, or the menu."""
        if journey.order_id is not None:
            return self.browser.protect(go(f"/orders/{journey.order_id}"))
        if journey.state is JourneyState.LEFT:
            return self.browser.protect(go("/menu", notice="stale"))
        return None

    def _to(self, journey: Journey, page: str, notice: str = "") -> Response:
        """To a page of a journey, by the last part of its address."""
        return self.browser.protect(go(f"/journeys/{journey.journey_id}/{page}", notice=notice))

    def show(
        self, template: str, request: Request, session: Session | None, status: int = 200, **context: Any
    ) -> Response:
        """A page."""
        return self.browser.protect(self.pages.render(template, request, session, status, **context))

    def show_with_sdk(
        self, template: str, request: Request, session: Session, status: int = 200, **context: Any
    ) -> Response:
        """A page that uses WeChat's JS-SDK where it is shown in WeChat."""
        signed = None
        if in_wechat(request.headers.get("User-Agent", "")):
            url = self.settings.public_url.rstrip("/") + request.full_path.rstrip("?")
            signed = sign_page(url, self.wechat, TICKETS, self.database, self.clock)
        response = self.pages.render(template, request, session, status, sdk=signed, **context)
        return self.browser.protect(self.browser.allow_sdk(response) if signed else response)

    def render_error(self, request: Request, error: ContractError) -> Response:
        """An error as this caller reads it: problem+json, the login page, the present state, or a page that says
        what happened, where the money is and the way on."""
        if isinstance(error, NotFound):
            self._tell_of_trier(self.browser.client_ip(request))
        if _is_api(request):
            return self.browser.protect(problem(error))
        if isinstance(error, LoginNeeded):
            return self._to_login(request, error)
        if isinstance(error, StalePage):
            return self.browser.protect(go(way_back(request.path), notice="stale"))
        return self.show(
            "problem.html", request, None, error.status, error=error, heading=problems.heading(error),
            money=problems.money_note(error, request.path), way_on=problems.way_on(error, request.path),
        )  # fmt: skip

    def _tell_of_trier(self, address: str) -> None:
        """Who asks for many things that are not there, or not theirs, tries ids."""
        now = self.clock.now()
        burst = self.triers.saw(address, now)
        try:
            if burst:
                with self.database.transaction() as tx:
                    self.outbox.add(tx, AddressesTried(*burst), burst.source, now)
        except AWAY:
            _log.warning("a burst of tried addresses could not be told of")

    def _to_login(self, request: Request, error: LoginNeeded) -> Response:
        """To the login page, through WeChat where the visitor is not known any more; then back."""
        expired = isinstance(error, SessionNeeded)
        notice = "expired" if expired and self.browser.session_token(request) else "login"
        target = go("/" if expired else "/login", next=way_back(request.path), notice=notice)
        if "HX-Request" in request.headers:
            target = Response(headers={"HX-Redirect": target.headers["Location"]})
        return self.browser.protect(target)


def _is_api(request: Request) -> bool:
    return request.path.startswith("/api/")


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
