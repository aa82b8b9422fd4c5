"""The platform-independent interface of 身份证拍摄识别 (3.2.1.3)."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract import ocr
from contract.errors import DeadlineExceeded, InvalidInput, NotFound, TooMany, UnreadableRequest
from contract.identity import ConsentMissing
from kit.http import Access, http
from services.gateway.api.operations import operation
from services.gateway.api.payloads import cards as payloads
from services.gateway.api.samples import CARD_SAMPLES
from services.gateway.domain.clients import Client
from services.gateway.errors import LoginNeeded, UnknownKey
from services.gateway.photos import PATH
from services.gateway.routes.base import READINGS, Routes
from services.gateway.routes.uploads import MAX_UPLOAD, Upload, uploaded
from services.gateway.usecases import cards

_INTAKE = (LoginNeeded, UnknownKey, TooMany, InvalidInput, UnreadableRequest, ConsentMissing)


class CardsApi(Routes):
    """A photo in, what the card says out. The photo is kept nowhere."""

    @operation(
        "POST", "/ocr/idcard", "身份证识别：上传一面的照片，返回全部信息；最长约15秒", access=Access.CLIENT,
        body=payloads.CardPhoto, answer=payloads.CardRead, upload=True, samples=CARD_SAMPLES, max_body=MAX_UPLOAD,
        errors=(*_INTAKE, *ocr.read_card.errors, DeadlineExceeded),
        repeated="只识别，什么都不保存。",
    )  # fmt: skip
    def read_card(self, request: Request, client: Client, body: None) -> payloads.CardRead:
        with self.photos.taking_in(client.name, client.per_minute):
            upload = self._agreed(request, client)
            return payloads.card_read(cards.read_card(upload.photo, upload.side, self.photos, self.ports))

    @operation(
        "POST", "/ocr/idcard/readings", "身份证识别（异步）：收下照片就返回编号，结果用编号查询", access=Access.CLIENT,
        body=payloads.CardPhoto, answer=payloads.ReadingShown, upload=True, max_body=MAX_UPLOAD, status=202,
        errors=(*_INTAKE, *ocr.read_card.errors),
        repeated="另外识别一次；结果各自保留10分钟。",
    )  # fmt: skip
    def begin_card_reading(self, request: Request, client: Client, body: None) -> payloads.ReadingShown:
        with self.photos.taking_in(client.name, client.per_minute):
            upload = self._agreed(request, client)
            begun = cards.begin_reading(
                upload.photo, upload.side, client.name, self.photos, READINGS, self.ports
            )
            return payloads.reading_shown(begun)

    @operation(
        "GET", "/ocr/idcard/readings/<reading_id>", "异步识别的结果，保留10分钟", access=Access.CLIENT,
        answer=payloads.ReadingShown, errors=(LoginNeeded, UnknownKey, NotFound),
    )  # fmt: skip
    def show_card_reading(
        self, request: Request, client: Client, body: None, reading_id: str
    ) -> payloads.ReadingShown:
        return payloads.reading_shown(cards.get_reading(reading_id, client.name, READINGS, self.ports))

    def _agreed(self, request: Request, client: Client) -> Upload:
        """What was sent, once a WeChat user's consent is noted. Raises ConsentMissing, and what `uploaded` does."""
        upload = uploaded(request)
        if client.session is not None:
            cards.note_consent(client.session, upload.consent_version, self.ports)
        return upload

    @http("GET", f"{PATH}<token>", access=Access.SIGNED)
    def hand_out_photo(self, request: Request, caller: None, token: str) -> Response:
        """To the ocr service, once: the address was told to it alone, over the bus."""
        photo = self.photos.hand_out(token)
        if photo is None:
            raise NotFound
        return self.browser.protect(Response(photo, content_type="application/octet-stream"))
