"""The e-seal platform (protocols section 7): really signs PDFs with the seal of a tax authority, by its own test
certificate authority, with a revocation list and time stamps."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import threading
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox import signatures
from sandbox.clock import moment
from sandbox.seal_authority import Identity, SealAuthority, organisations
from sandbox.signatures import BadSignature
from sandbox.world import World, the_world, upstream

blueprint = Blueprint("eseal", __name__, url_prefix="/eseal")

SEALED, UNKNOWN_SEAL, BAD_REQUEST, OTHER_CONTENT, UNSIGNED = "0000", "1001", "1002", "1003", "9001"
FIELD_RULE, COORDINATES, KEYWORD = 1, 2, 3
MAX_PDF = 4 * 1024 * 1024

# An event loop may run once at a time in a thread, and greenthreads share one.
_one_at_a_time = threading.Lock()


class BadRequest(Exception):
    """The body is not what the protocol says; the message goes to the caller."""


@blueprint.errorhandler(BadSignature)
def unsigned(error: BadSignature) -> ResponseReturnValue:
    return _answer(UNSIGNED, f"验签失败：{error}"), 401


@blueprint.errorhandler(BadRequest)
def bad_request(error: BadRequest) -> ResponseReturnValue:
    return _answer(BAD_REQUEST, str(error)), 400


def _answer(code: str, message: str, signed: bytes = b"", certificate: bytes = b"") -> dict[str, str]:
    return {
        "code": code, "message": message, "signedPdfBase64": base64.b64encode(signed).decode(),
        "certificate": base64.b64encode(certificate).decode(),
    }  # fmt: skip


def authority(world: World) -> SealAuthority:
    """The world's certificate authority."""
    base = f"http://{world.settings.host}:{world.settings.port}"
    return SealAuthority(world.store, world.settings["SEAL_CA"], f"{base}/eseal/ca.crl")


@blueprint.post("/v1/sign")
@upstream("eseal", "sign")
def sign() -> ResponseReturnValue:
    """Seal one PDF. The same requestId is the same sealed file; with another PDF it is refused."""
    world, header = the_world(), request.headers.get("Authorization", "")
    app_id, app_key = world.settings["SEAL_APP_ID"], world.settings["SEAL_APP_KEY"]
    plan = world.faults.effective()["eseal"]
    signatures.verify_header(
        header, request.get_data(), app_id, [app_key], world.clock.now(), plan["timestamp_skew_seconds"]
    )
    asked = _asked()
    digest = hashlib.sha256(asked["pdf"] + asked["organCode"].encode()).hexdigest()
    row = world.store.one("SELECT * FROM seal_requests WHERE request_id = ?", (asked["requestId"],))
    if row is None:
        signer = authority(world).organisation(asked["organCode"], world.clock.now())
        if signer is None or not asked["sealCode"].startswith(asked["organCode"]):
            return _answer(UNKNOWN_SEAL, "没有这个机构的印章")
        sealed = _sealed(world, signer, asked, plan["level"])
        with world.store.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO seal_requests VALUES (?, ?, ?, ?)",
                (asked["requestId"], digest, sealed, signer.der),
            )
        row = world.store.one("SELECT * FROM seal_requests WHERE request_id = ?", (asked["requestId"],))
        assert row is not None
    if row["digest"] != digest:
        return _answer(OTHER_CONTENT, "同一请求号的文件不同")
    return _answer(SEALED, "成功", row["sealed"], row["certificate"])


def _asked() -> dict[str, Any]:
    """The fields of a request. Raises BadRequest."""
    try:
        body = json.loads(request.get_data())
        texts = {name: str(body[name]) for name in ("requestId", "organCode", "sealCode")}
        pdf, rule = base64.b64decode(body["pdfBase64"], validate=True), dict(body["rule"])
    except (ValueError, KeyError, TypeError):
        raise BadRequest("请求报文不完整") from None
    if not pdf.startswith(b"%PDF-") or len(pdf) > MAX_PDF:
        raise BadRequest("不是 PDF 文件，或者太大")
    if rule.get("type") not in (FIELD_RULE, COORDINATES):
        raise BadRequest("只支持签名域和坐标定位")
    if not all(texts.values()):
        raise BadRequest("请求报文不完整")
    return {**texts, "pdf": pdf, "rule": rule}


def _sealed(world: World, signer: Identity, asked: dict[str, Any], level: str) -> bytes:
    """PAdES with DocMDP 1; the seal is drawn in the page, so that the signature's own appearance stays empty."""
    from asn1crypto import keys, x509
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
    from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
    from pyhanko.stamp import NoOpStampStyle
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    now, ca = world.clock.now(), authority(world)
    own = x509.Certificate.load(signer.der)
    pyhanko_signer = SimpleSigner(own, keys.PrivateKeyInfo.load(signer.key_der), SimpleCertificateStore())
    meta = PdfSignatureMetadata(
        field_name="Seal", md_algorithm="sha256", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES, name=organisations()[asked["organCode"]], **_lasting(world, level),
    )  # fmt: skip
    page, x, y = (float(asked["rule"].get(name, 0)) for name in ("page", "x", "y"))
    box = round(x) - 56, round(y) - 56, round(x) + 57, round(y) + 57
    stamper = _stamper(ca.time(now), now) if level != "B-B" else None
    work = PdfSigner(
        meta, pyhanko_signer, timestamper=stamper, stamp_style=NoOpStampStyle(),
        new_field_spec=SigFieldSpec("Seal", on_page=int(page) - 1, box=box),
    )  # fmt: skip
    with _one_at_a_time:
        loop = asyncio.new_event_loop()
        try:
            signing = work.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(asked["pdf"])))
            return bytes(loop.run_until_complete(signing).getbuffer())
        finally:
            loop.close()


def _lasting(world: World, level: str) -> dict[str, Any]:
    """What B-LT adds, in the signed revision itself."""
    from asn1crypto import x509
    from pyhanko.sign.signers.pdf_signer import DSSContentSettings, SigDSSPlacementPreference
    from pyhanko_certvalidator import ValidationContext

    if level != "B-LT":
        return {}
    now, ca = world.clock.now(), authority(world)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(ca.root().der)], crls=[ca.crl(now)], moment=moment(now),
        allow_fetching=False, revocation_mode="hard-fail",
    )  # fmt: skip
    placed = DSSContentSettings(
        include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
    )
    return {"embed_validation_info": True, "validation_context": context, "dss_settings": placed}


def _stamper(identity: Identity, now: float) -> Any:
    from asn1crypto import keys, x509
    from pyhanko.sign.timestamps import DummyTimeStamper

    certificate, key = x509.Certificate.load(identity.der), keys.PrivateKeyInfo.load(identity.key_der)
    return DummyTimeStamper(certificate, key, fixed_dt=moment(now))


@blueprint.post("/tsa")
@upstream("eseal", "tsa")
def time_stamp() -> ResponseReturnValue:
    """RFC 3161."""
    from asn1crypto import tsp

    world = the_world()
    now = world.clock.now()
    try:
        asked = tsp.TimeStampReq.load(request.get_data(), strict=True)
        answer = _stamper(authority(world).time(now), now).request_tsa_response(asked)
    except (ValueError, TypeError):
        raise BadRequest("不是时间戳请求") from None
    return Response(answer.dump(), content_type="application/timestamp-reply")


@blueprint.get("/ca.crl")
@upstream("eseal", "crl")
def crl() -> ResponseReturnValue:
    """The revocation list."""
    world = the_world()
    return Response(authority(world).crl(world.clock.now()), content_type="application/pkix-crl")


@blueprint.get("/root.cer")
def root() -> ResponseReturnValue:
    """The root to trust."""
    return Response(authority(the_world()).root().der, content_type="application/pkix-cert")
