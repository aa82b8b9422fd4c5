"""When a certificate is good: every condition, and how it is put to somebody who knows nothing of signatures."""

from __future__ import annotations

from dataclasses import dataclass

from contract.certificate import CertificateState
from contract.checking import Finding, Verdict
from services.certificate.domain.register import Certificate


@dataclass(frozen=True)
class Inspection:
    """What was found in a file. `intact`: the bytes are what was signed, all of them, and nothing came later.
    `trusted`: the signer's chain leads to a root of ours and was valid when it signed. `revoked` is None where no fresh
    list tells.

    `organ_code` is the signer's serialNumber; `number` what the document calls itself; `fault` is for logs.
    """

    intact: bool
    trusted: bool
    revoked: bool | None
    expired: bool
    organ_code: str
    signer: str
    number: str
    fault: str = ""

    @property
    def signed(self) -> bool:
        """Whether there is a signature that can be read at all."""
        return bool(self.signer)


def judge_file(
    found: Inspection, registered: Certificate | None, expected_organ: str, same_bytes: bool
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Whether an uploaded file is a valid certificate: every condition must hold.

    `registered` is the row of the number the file names, `expected_organ` who should have signed it, `same_bytes`
    whether the register knows exactly this file.
    """
    if not found.signed:
        return Verdict.CHANGED, (
            Finding("文件里没有可以读取的电子签章，可能不是原文件，或者被改动过。", False),
        )
    if not found.intact:
        # Nothing else that such a file says can be believed.
        return Verdict.CHANGED, (Finding("签章以后文件被改动过，或者签章没有覆盖整个文件。", False),)
    findings = [
        Finding("签章以后文件没有被改动，签章覆盖整个文件。", True),
        _finding(found.trusted, "签章证书可信。", _untrusted(found)),
        _revocation(found.revoked),
        _finding(
            registered is not None and found.organ_code == expected_organ,
            f"签章的机构是登记的开具机关：{found.signer}。",
            f"签章的机构（{found.signer}）不是应当开具这份证明的税务机关。",
        ),
        _registration(registered, same_bytes),
    ]  # fmt: skip
    return _verdict(found, registered, expected_organ, same_bytes), tuple(findings)


def judge_number(registered: Certificate) -> tuple[Verdict, tuple[Finding, ...]]:
    """What the register says to somebody who knows number and check code."""
    if registered.state is CertificateState.VOIDED:
        return Verdict.VOIDED, (_voided(registered),)
    return Verdict.VALID, (
        Finding("税务机关的登记里有这份证明，没有作废。请核对下面的内容与证明一致。", True),
    )


def _verdict(found: Inspection, registered: Certificate | None, expected: str, same_bytes: bool) -> Verdict:
    if not found.trusted or found.revoked:
        return Verdict.UNTRUSTED
    if registered is None or registered.state not in (CertificateState.ISSUED, CertificateState.VOIDED):
        return Verdict.UNKNOWN
    if found.organ_code != expected:
        return Verdict.UNTRUSTED
    if registered.state is CertificateState.VOIDED:
        return Verdict.VOIDED
    if not same_bytes:
        return Verdict.CHANGED
    return Verdict.UNSURE if found.revoked is None else Verdict.VALID


def _finding(good: bool, yes: str, no: str) -> Finding:
    return Finding(yes if good else no, good)


def _untrusted(found: Inspection) -> str:
    return "签章证书已过有效期。" if found.expired else "签章证书不是税务机关电子签章系统签发的。"


def _revocation(revoked: bool | None) -> Finding:
    if revoked is None:
        return Finding("现在查不到签章证书有没有被吊销。", None)
    return _finding(not revoked, "签章证书没有被吊销。", "签章证书已被吊销。")


def _registration(registered: Certificate | None, same_bytes: bool) -> Finding:
    if registered is None or registered.file_hash is None:
        return Finding("税务机关的登记里没有这份证明。", False)
    if registered.state is CertificateState.VOIDED:
        return _voided(registered)
    return _finding(
        same_bytes, "与税务机关登记的原文件完全一致，没有作废。", "与税务机关登记的原文件不一致。"
    )


def _voided(registered: Certificate) -> Finding:
    replaced = "，已经重新开具" if registered.replaced_by else ""
    return Finding(f"这份证明已经作废{replaced}。作废原因：{registered.void_reason}。", False)
