"""验证缴费证明 (3.2.1.16): open to anybody who holds one, so often an hour."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from contract.checking import UPLOAD_LIMIT, Checked, CheckFieldMissing, NotACertificate
from contract.errors import ContractError
from kit.http import Access, http
from services.gateway.routes.base import Routes
from services.gateway.usecases import certificates

_ROOM = 8 * 1024
"""What a form weighs around its file."""


class CheckingRoutes(Routes):
    """By number and check code, which the QR brings along, or by the file."""

    @http("GET", "/check", access=Access.PUBLIC)
    def show_checking(self, request: Request, caller: None) -> Response:
        """The form; with number and code from the QR at once the answer."""
        number, code = request.args.get("number", ""), request.args.get("code", "")
        if number and code:
            return self._by_number(request, number, code)
        return self._check_form(request, number, code)

    @http("POST", "/check", access=Access.PUBLIC)
    def check_number(self, request: Request, caller: None) -> Response:
        return self._by_number(request, request.form.get("number", ""), request.form.get("code", ""))

    @http("POST", "/check/file", access=Access.PUBLIC, longest=UPLOAD_LIMIT + _ROOM)
    def check_upload(self, request: Request, caller: None) -> Response:
        try:
            upload = request.files.get("file")
            content = upload.stream.read(UPLOAD_LIMIT + 1) if upload else b""
            checked = certificates.check_file(content, self.browser.client_ip(request), self.ports)
        except NotACertificate as error:
            return self._check_form(request, "", "", error)
        return self._checked(request, checked)

    def _by_number(self, request: Request, number: str, code: str) -> Response:
        try:
            checked = certificates.check_certificate(
                number, code, self.browser.client_ip(request), self.ports
            )
        except CheckFieldMissing as error:
            return self._check_form(request, number, code, error)
        return self._checked(request, checked)

    def _checked(self, request: Request, checked: Checked) -> Response:
        return self.show("checked.html", request, None, checked=checked)

    def _check_form(
        self, request: Request, number: str, code: str, error: ContractError | None = None
    ) -> Response:
        return self.show(
            "check_certificate.html", request, None, error.status if error else 200, number=number[:40],
            code=code[:40], errors={error.detail["field"]: error.message} if error else {},
        )  # fmt: skip
