"""The installation's certificate authority: certificates carry who they are for, and are renewed in time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509

from deploy import authority
from deploy.authority import Authority
from deploy.topology import SERVICES


def _certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def _names(certificate: x509.Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return extension.value.get_values_for_type(x509.DNSName)


def test_it_is_made_once(tmp_path: Path) -> None:
    assert Authority.open(tmp_path).pem == Authority.open(tmp_path).pem
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o400


def test_a_certificate_names_its_account_and_its_hosts_and_is_signed(tmp_path: Path) -> None:
    ours = Authority.open(tmp_path / "authority")
    ours.issue(tmp_path / "server", "postgresql", ("postgresql", "balancer"))
    made = _certificate(tmp_path / "server.crt")
    assert made.subject.rfc4514_string() == "CN=postgresql"
    assert _names(made) == ["postgresql", "balancer"]
    made.verify_directly_issued_by(ours.certificate)
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o400


def test_a_good_certificate_is_kept_and_another_made_when_it_is_for_others(tmp_path: Path) -> None:
    ours = Authority.open(tmp_path / "authority")
    ours.issue(tmp_path / "server", "proxy", ("localhost",))
    first = (tmp_path / "server.crt").read_bytes()
    ours.issue(tmp_path / "server", "proxy", ("localhost",))
    assert (tmp_path / "server.crt").read_bytes() == first
    ours.issue(tmp_path / "server", "proxy", ("pay.example.gov.cn",))
    assert _names(_certificate(tmp_path / "server.crt")) == ["pay.example.gov.cn"]


def test_one_that_will_soon_end_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Authority.open(tmp_path / "authority")
    monkeypatch.setattr(authority, "_LIFE", dt.timedelta(days=59))
    ours.issue(tmp_path / "payment", "payment")
    monkeypatch.undo()
    ours.issue(tmp_path / "payment", "payment")
    left = _certificate(tmp_path / "payment.crt").not_valid_after_utc - dt.datetime.now(dt.UTC)
    assert left > dt.timedelta(days=390)


def test_one_of_another_authority_is_replaced(tmp_path: Path) -> None:
    Authority.open(tmp_path / "old").issue(tmp_path / "payment", "payment")
    ours = Authority.open(tmp_path / "new")
    ours.issue(tmp_path / "payment", "payment")
    _certificate(tmp_path / "payment.crt").verify_directly_issued_by(ours.certificate)


def test_no_service_is_called_as_the_authority(tmp_path: Path) -> None:
    """Such a certificate would name itself as its issuer, and nobody would believe it."""
    name = Authority.open(tmp_path).certificate.subject.rfc4514_string()
    assert name not in {f"CN={service}" for service in SERVICES}
