"""拍摄识别 on pages (3.2.1.2, 3.2.1.3, 3.2.1.15(三)): take a photo, look at what was read, carry it into the form."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from contract.errors import ContractError, InvalidInput, NotFound, TooMany
from contract.identity import ConsentMissing
from contract.ocr import CardNotFound, CardSide, ImageTooLarge, NumberState, UnfitImage
from contract.rights import ConsentKind
from kit.http import Access, http
from services.gateway.domain.sessions import CARD_PHOTO_VERSION, Session
from services.gateway.routes.base import Routes
from services.gateway.routes.uploads import MAX_UPLOAD, uploaded
from services.gateway.usecases import cards


@dataclass(frozen=True)
class Purpose:
    """What a card is read for: the form that its name and number go into, and the page to go back to."""

    form: str
    back: str
    whose: str


PURPOSES = {
    "login": Purpose("/login/anew", "/login/anew", "本人"),
    "insured": Purpose("/insured", "/insured", "被缴费人"),
    "household": Purpose("/household/new", "/household/new", "家庭成员"),
}
_BESIDE_THE_PHOTO = (UnfitImage, ImageTooLarge, CardNotFound, InvalidInput)


class CardRoutes(Routes):
    """Works with JavaScript off; with it, the photo is made smaller on the phone first."""

    @http("GET", "/cards/<purpose>", access=Access.VISITOR)
    def show_card_camera(self, request: Request, session: Session, purpose: str) -> Response:
        return self._camera(request, session, purpose)

    @http("POST", "/cards/<purpose>", access=Access.VISITOR, max_body=MAX_UPLOAD)
    def read_card_photo(self, request: Request, session: Session, purpose: str) -> Response:
        """What was read, to be looked at; or the camera again with what to do better."""
        _purpose(purpose)
        client = self.client_of(session)
        try:
            cards.note_consent(session, request.form.get("consent", ""), self.ports)
            with self.photos.taking_in(client.name, client.per_minute):
                upload = uploaded(request)
                reading = cards.read_card(upload.photo, upload.side, self.photos, self.ports)
        except ContractError as error:
            if not isinstance(error, (*_BESIDE_THE_PHOTO, TooMany)) and error.status < 500:
                raise
            return self._camera(request, session, purpose, error.status, {_field(error): error.message})
        return self.show(
            "card_check.html", request, session, reading=reading, purpose=PURPOSES[purpose], name=purpose,
            front=reading.side is CardSide.FRONT, sure=reading.number_state is NumberState.VALID,
            read={field.item.value: field for field in reading.fields},
        )  # fmt: skip

    def _camera(
        self, request: Request, session: Session, purpose: str, status: int = 200,
        errors: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        return self.show_with_sdk(
            "card_camera.html", request, session, status, purpose=_purpose(purpose), name=purpose,
            errors=errors or {}, kind=ConsentKind.CARD_PHOTO, version=CARD_PHOTO_VERSION,
            agreed=request.form.get("consent", ""),
        )  # fmt: skip


def _field(error: ContractError) -> str:
    """Beside what the error is shown."""
    if isinstance(error, ConsentMissing):
        return "consent"
    return "image" if isinstance(error, _BESIDE_THE_PHOTO) else "form"


def _purpose(name: str) -> Purpose:
    if name not in PURPOSES:
        raise NotFound("没有找到这个页面。")
    return PURPOSES[name]
