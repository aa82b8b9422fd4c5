"""Entrypoints of the certificate service."""

from __future__ import annotations

from kit.service import Service


class CertificateService(Service):
    """Answers its health check; issuing certificates comes with requirement 3.2.1.16."""

    name = "certificate"
