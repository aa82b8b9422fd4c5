"""缴费证明 of the payer, and checking one."""

from __future__ import annotations

import base64

from werkzeug.wrappers import Request, Response

from contract import certificate, checking
from contract.certificate import (
    CertificateFile,
    CertificateOfPerson,
    Certificates,
    CertificateView,
    ListCertificates,
)
from contract.checking import UPLOAD_LIMIT, Checked, NotACertificate
from contract.errors import InvalidInput
from kit.http import Access
from services.gateway.api.operations import IDEMPOTENCY_KEY, idempotency_key, operation
from services.gateway.api.payloads import certificates as payloads
from services.gateway.domain.sessions import Session
from services.gateway.errors import LoginNeeded
from services.gateway.routes.base import Routes
from services.gateway.usecases import certificates


class CertificatesApi(Routes):
    """What the pages under 缴费证明 and 验证缴费证明 show and do."""

    @operation(
        "POST", "/certificates", "开具缴费证明；开具需要几秒钟，用返回的编号查询", access=Access.PAYER,
        body=payloads.CertificateWanted, answer=CertificateView, status=201, headers=IDEMPOTENCY_KEY,
        errors=(LoginNeeded, InvalidInput, *certificate.issue_certificate.errors),
    )  # fmt: skip
    def issue_certificate_by_api(
        self, request: Request, session: Session, body: payloads.CertificateWanted
    ) -> CertificateView:
        key = idempotency_key(request)
        payer = self.payer(session)
        return certificates.issue_certificate(payer, body.period_from, body.period_to, key, self.ports)

    @operation(
        "GET",
        "/certificates",
        "我的缴费证明",
        access=Access.PAYER,
        answer=Certificates,
        errors=(LoginNeeded,),
    )
    def list_certificates_by_api(self, request: Request, session: Session, body: None) -> Certificates:
        return self.rpc.call(certificate.list_certificates, ListCertificates(self.payer(session).person_id))

    @operation(
        "GET", "/certificates/<certificate_id>", "一份缴费证明的最新状态", access=Access.PAYER,
        answer=CertificateView, errors=(LoginNeeded, *certificate.get_certificate.errors),
    )  # fmt: skip
    def get_certificate_by_api(
        self, request: Request, session: Session, body: None, certificate_id: str
    ) -> CertificateView:
        return self.rpc.call(certificate.get_certificate, self._certificate_of(session, certificate_id))

    @operation(
        "GET", "/certificates/<certificate_id>/file", "带电子签章的 PDF（base64），每次都相同", access=Access.PAYER,
        answer=CertificateFile, errors=(LoginNeeded, *certificate.get_certificate_file.errors),
    )  # fmt: skip
    def get_certificate_file_by_api(
        self, request: Request, session: Session, body: None, certificate_id: str
    ) -> CertificateFile:
        return self.rpc.call(certificate.get_certificate_file, self._certificate_of(session, certificate_id))

    @operation(
        "GET", "/certificates/<certificate_id>/pages/<int:page>", "一页的图片（PNG），给打不开 PDF 的客户端",
        access=Access.PAYER, media=("image/png",), errors=(LoginNeeded, *certificate.preview_certificate.errors),
    )  # fmt: skip
    def show_certificate_page_by_api(
        self, request: Request, session: Session, body: None, certificate_id: str, page: int
    ) -> Response:
        named = self._certificate_of(session, certificate_id)
        return Response(certificates.read_picture(named, page, self.ports), content_type="image/png")

    @operation(
        "POST", "/certificates/<certificate_id>/replacement", "作废重开", access=Access.PAYER,
        body=payloads.ReplacementWanted, answer=CertificateView, status=201, headers=IDEMPOTENCY_KEY,
        errors=(LoginNeeded, InvalidInput, *certificate.replace_certificate.errors),
    )  # fmt: skip
    def replace_certificate_by_api(
        self, request: Request, session: Session, body: payloads.ReplacementWanted, certificate_id: str
    ) -> CertificateView:
        key = idempotency_key(request)
        return certificates.replace_certificate(
            self.payer(session), certificate_id, body.reason, key, self.ports
        )

    @operation(
        "POST", "/certificate-checks", "按证明编号和校验码验证缴费证明，不用登录", access=Access.PUBLIC,
        body=payloads.NumberToCheck, answer=Checked, errors=checking.check_certificate.errors,
        repeated="只查询。",
    )  # fmt: skip
    def check_certificate_by_api(
        self, request: Request, caller: None, body: payloads.NumberToCheck
    ) -> Checked:
        address = self.browser.client_ip(request)
        return certificates.check_certificate(body.number, body.check_code, address, self.ports)

    @operation(
        "POST", "/certificate-file-checks", "用 PDF 文件验证缴费证明，不用登录", access=Access.PUBLIC,
        body=payloads.FileToCheck, answer=Checked, errors=checking.check_file.errors,
        max_body=UPLOAD_LIMIT * 4 // 3 + 1024,
        repeated="只查询，文件不保存。",
    )  # fmt: skip
    def check_file_by_api(self, request: Request, caller: None, body: payloads.FileToCheck) -> Checked:
        try:
            content = base64.b64decode(body.content, validate=True)
        except ValueError:
            raise NotACertificate(field="content") from None
        return certificates.check_file(content, self.browser.client_ip(request), self.ports)

    def _certificate_of(self, session: Session, certificate_id: str) -> CertificateOfPerson:
        return CertificateOfPerson(self.payer(session).person_id, certificate_id)
