"""A sealed page is what readers of others say it is, and whatever is done to it is seen."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import random
import re
import subprocess
import zlib
from pathlib import Path

import pytest
from cryptography import x509 as pyca
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from contract.certificate import GlyphMissing, SealRefused
from services.certificate.adapters.pictures import picture
from services.certificate.adapters.signing import Level, LocalSealer, Pkcs11Keys
from services.certificate.adapters.typesetting import Typesetter
from services.certificate.domain.verdicts import Inspection
from tests.factories.certificates import (
    AUTHORITY,
    FONTS,
    NOW,
    OTHER,
    SealOffice,
    a_content,
    a_page,
    a_seal_office,
)

MUTATIONS = 100
EXTENSION_B = "𠘚𠾍𡟙𢑱𣉖𣸭𤠒𤺥𥺦𣲗"


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter(FONTS)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> SealOffice:
    return a_seal_office(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def sealed(typesetter: Typesetter, office: SealOffice) -> bytes:
    return office.sealer().sign(a_page(typesetter), AUTHORITY, [])


@pytest.fixture(scope="module")
def trusting(office: SealOffice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pdfsig's own store of trust, with our root in it."""
    folder = tmp_path_factory.mktemp("nss")
    (folder / "root.pem").write_bytes(office.root.certificate.public_bytes(Encoding.PEM))
    for command in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "CT,C,C", "-a", "-i", "root.pem"]):
        subprocess.run(["certutil", command[0], "-d", "sql:.", *command[1:]], cwd=folder, check=True)
    return folder


def looked_at(
    office: SealOffice, pdf: bytes, crls: list[bytes] | None = None, now: dt.datetime = NOW
) -> Inspection:
    return office.inspector.inspect(pdf, office.crls() if crls is None else crls, now)


def good(found: Inspection, organ: str = AUTHORITY.organ_code) -> bool:
    return found.intact and found.trusted and found.revoked is False and found.organ_code == organ


def signature_place(pdf: bytes) -> tuple[int, int]:
    """Where the signature's hex digits begin and end."""
    found = re.findall(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+\d+", pdf)[0]
    return int(found[0]) + 1, int(found[1]) - 1


def pdfsig(folder: Path, pdf: bytes, name: str = "it.pdf") -> str:
    (folder / name).write_bytes(pdf)
    command = ["pdfsig", "-nssdir", f"sql:{folder}", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_it_is_good_by_our_own_check_and_by_poppler(
    office: SealOffice, sealed: bytes, trusting: Path
) -> None:
    assert good(looked_at(office, sealed))
    said = pdfsig(trusting, sealed)
    for words in (
        "Signature is Valid",
        "Certificate is Trusted",
        "Total document signed",
        "ETSI.CAdES.detached",
    ):
        assert words in said
    assert AUTHORITY.organ_code in said


def test_openssl_and_qpdf_agree(office: SealOffice, sealed: bytes, tmp_path: Path) -> None:
    begin, end = signature_place(sealed)
    (tmp_path / "content").write_bytes(sealed[: begin - 1] + sealed[end + 1 :])
    (tmp_path / "signature").write_bytes(bytes.fromhex(sealed[begin:end].decode()))
    (tmp_path / "root.pem").write_bytes(office.root.certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "content",
               "-CAfile", "root.pem", "-purpose", "any", "-out", "/dev/null"]  # fmt: skip
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "successful" in checked.stderr, checked.stderr
    (tmp_path / "it.pdf").write_bytes(sealed)
    assert (
        subprocess.run(
            ["qpdf", "--check", "it.pdf"], cwd=tmp_path, capture_output=True, check=False
        ).returncode
        == 0
    )


def test_random_changes_of_a_byte_are_all_seen(office: SealOffice, sealed: bytes, trusting: Path) -> None:
    draw = random.Random(20261126)
    begin, end = signature_place(sealed)
    for turn in range(MUTATIONS):
        # What a signature cannot cover is its own digits: there the register's hash decides (domain/verdicts.py).
        place = next(at for at in iter(lambda: draw.randrange(len(sealed)), None) if not begin <= at < end)
        changed = bytearray(sealed)
        changed[place] ^= 1 << draw.randrange(8)
        assert not looked_at(office, bytes(changed)).intact, place
        if turn % 10 == 0:
            said = pdfsig(trusting, bytes(changed))
            assert not ("Signature is Valid" in said and "Total document signed" in said), place


def test_nothing_hides_in_the_room_kept_for_the_signature(office: SealOffice, sealed: bytes) -> None:
    _, end = signature_place(sealed)
    assert sealed[end - 2 : end] == b"00"
    assert not looked_at(office, sealed[: end - 2] + b"41" + sealed[end:]).intact


def test_an_appended_revision_is_seen(office: SealOffice, sealed: bytes, trusting: Path) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    writer.root["/Lang"] = generic.pdf_string("zh-TW")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    assert not looked_at(office, out.getvalue()).intact
    assert "Total document signed" not in pdfsig(trusting, out.getvalue())
    assert not looked_at(office, sealed + b"\n").intact


def test_a_seal_swapped_in_the_page_is_another_document(
    office: SealOffice, sealed: bytes, typesetter: Typesetter
) -> None:
    """The signature of one page over another page with another authority's seal."""
    other = a_page(typesetter, seal=OTHER.seal)
    length = len(a_page(typesetter).pdf)
    assert not looked_at(office, other.pdf + sealed[length:]).intact


def test_another_authoritys_signature_is_that_authoritys(
    office: SealOffice, typesetter: Typesetter, trusting: Path
) -> None:
    signed = office.sealer().sign(a_page(typesetter), OTHER, [])
    assert good(looked_at(office, signed), OTHER.organ_code)
    assert not good(looked_at(office, signed))
    assert OTHER.organ_code in pdfsig(trusting, signed)


def test_a_stranger_with_the_same_name_is_not_trusted(
    office: SealOffice, typesetter: Typesetter, trusting: Path, tmp_path: Path
) -> None:
    forger = a_seal_office(tmp_path / "forger")
    forged = forger.sealer().sign(a_page(typesetter), AUTHORITY, [])
    found = looked_at(office, forged)
    assert (found.intact, found.trusted) == (True, False)
    assert "Certificate is Trusted" not in pdfsig(trusting, forged)


def test_a_revoked_certificate_is_seen(typesetter: Typesetter, tmp_path: Path) -> None:
    office = a_seal_office(tmp_path)
    moment = NOW.timestamp()
    made = office.authority.organisation(AUTHORITY.organ_code, moment)
    assert made is not None
    plain = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / f"{AUTHORITY.seal_code}.pem").write_bytes(plain + made.certificate.public_bytes(Encoding.PEM))
    signed = office.sealer().sign(a_page(typesetter), AUTHORITY, [])
    assert good(looked_at(office, signed))
    before = office.crls()
    assert office.authority.revoke(AUTHORITY.organ_code, moment)
    assert looked_at(office, signed).revoked is True
    assert looked_at(office, signed, crls=[]).revoked is None, "without a list nobody can tell"
    later = NOW + dt.timedelta(days=3)
    assert looked_at(office, signed, crls=before, now=later).revoked is None, "an old list tells nothing"


def test_an_expired_certificate_is_seen(typesetter: Typesetter, trusting: Path, tmp_path: Path) -> None:
    office = a_seal_office(tmp_path)
    office.give_key(AUTHORITY, NOW - dt.timedelta(days=400), days=300)
    found = looked_at(office, office.sealer().sign(a_page(typesetter), AUTHORITY, []))
    assert (found.intact, found.trusted, found.expired) == (True, False, True)


def test_an_unknown_seal_is_refused(office: SealOffice, typesetter: Typesetter) -> None:
    nobody = dataclasses.replace(AUTHORITY, seal_code="../14509990000")
    with pytest.raises(SealRefused):
        office.sealer().sign(a_page(typesetter), nobody, [])


def test_what_is_no_certificate_is_said_to_be_none(office: SealOffice, typesetter: Typesetter) -> None:
    for content in (b"", b"%PDF-1.7\n", a_page(typesetter).pdf, b"%PDF-1.7\n" + b"\xff" * 5000):
        found = looked_at(office, content)
        assert not found.intact
        assert not found.signed


def test_every_character_prints_or_is_an_error(typesetter: Typesetter) -> None:
    names = [chr(code) for code in range(0x4E00, 0x9FA6)]
    for start in range(0, len(names), 4000):
        a_page(typesetter, a_content(name="".join(names[start : start + 4000])))
    page = a_page(typesetter, a_content(name=f"韦{EXTENSION_B}"))
    text = subprocess.run(
        ["pdftotext", "-", "-"], input=page.pdf, capture_output=True, check=True
    ).stdout.decode()
    assert all(character in text for character in EXTENSION_B)
    with pytest.raises(GlyphMissing, match="“\U0002fffd”字"):
        a_page(typesetter, a_content(name="韦\U0002fffd"))


def test_fonts_are_embedded_and_the_file_is_small(
    office: SealOffice, typesetter: Typesetter, tmp_path: Path
) -> None:
    for lines in (1, 60):
        page = a_page(typesetter, a_content(lines))
        assert page.pages == (1 if lines == 1 else 4)
        signed = office.sealer().sign(page, AUTHORITY, [])
        assert len(signed) <= 120 * 1024
        (tmp_path / "it.pdf").write_bytes(signed)
        fonts = subprocess.run(
            ["pdffonts", "it.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        rows = fonts.stdout.splitlines()[2:]
        assert rows
        assert all(re.search(r"\s(yes)\s+(yes)\s+(yes)\s", row) for row in rows)


def test_the_same_words_are_the_same_bytes(typesetter: Typesetter) -> None:
    assert a_page(typesetter).pdf == a_page(Typesetter(FONTS)).pdf


@pytest.mark.parametrize("reader", ["poppler", "mutool", "pdfium"])
def test_the_seal_is_seen_in(reader: str, sealed: bytes, tmp_path: Path) -> None:
    """pdfium is what Chromium shows PDFs with."""
    (tmp_path / "it.pdf").write_bytes(sealed)
    if reader == "poppler":
        subprocess.run(["pdftoppm", "-r", "50", "-singlefile", "it.pdf", "it"], cwd=tmp_path, check=True)
        pixels = (tmp_path / "it.ppm").read_bytes()
    elif reader == "mutool":
        draw = ["mutool", "draw", "-q", "-r", "50", "-F", "pam", "-o", "it.pam", "it.pdf"]
        subprocess.run(draw, cwd=tmp_path, check=True)
        pixels = (tmp_path / "it.pam").read_bytes()
    else:
        png = picture(sealed, 1, 413)
        pixels = zlib.decompress(png[png.index(b"IDAT") + 4 :])
    step = 4 if reader == "mutool" and b"RGB_ALPHA" in pixels[:100] else 3
    best = 0
    for shift in range(step):
        body = pixels[shift:]
        red = sum(
            1 for r, g, b in zip(body[::step], body[1::step], body[2::step], strict=False)
            if r > 180 and g < 60 and b < 60
        )  # fmt: skip
        best = max(best, red)
    assert best > 200, f"{best} red pixels"


def test_a_key_in_a_token_signs(
    office: SealOffice, typesetter: Typesetter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = next((p for p in Path("/usr/lib").glob("**/libsofthsm2.so")), None)
    if module is None:
        pytest.skip("no SoftHSM here")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    init = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "seals",
        "--so-pin",
        "12345678",
        "--pin",
        "87654321",
    ]
    subprocess.run(init, check=True, capture_output=True)
    _into_token(module, office, tmp_path)
    sealer = LocalSealer(Pkcs11Keys(module, "seals", "87654321"), Level("B-B", "", office.roots))
    assert good(looked_at(office, sealer.sign(a_page(typesetter), AUTHORITY, [])))
    with pytest.raises(SealRefused):
        sealer.sign(a_page(typesetter), dataclasses.replace(AUTHORITY, seal_code="nobody-01"), [])


def _into_token(module: Path, office: SealOffice, folder: Path) -> None:
    import pkcs11
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    content = (office.keys / f"{AUTHORITY.seal_code}.pem").read_bytes()
    key = load_pem_private_key(content, None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    certificate = pyca.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
    library = pkcs11.lib(str(module))
    library.reinitialize()  # another test of this process may have shown it tokens in another folder
    token = library.get_token(token_label="seals")
    with token.open(user_pin="87654321", rw=True) as session:
        for attributes in (decode_rsa_private_key(der), decode_x509_certificate(certificate)):
            session.create_object({
                **attributes, pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: AUTHORITY.seal_code,
                pkcs11.Attribute.ID: b"\x01",
            })  # fmt: skip
