"""Writes docs/openapi.json from the gateway's route table."""

from __future__ import annotations

import json
from pathlib import Path

from services.gateway.api.openapi import document
from services.gateway.api.operations import OPERATIONS
from services.gateway.service import GatewayService

SERVER = "https://sb.example"
TARGET = Path(__file__).parents[2] / "docs" / "openapi.json"


def text() -> str:
    """The whole document; importing the service fills the table."""
    assert GatewayService.name == "gateway"
    return json.dumps(document(OPERATIONS, SERVER), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
    print(f"{TARGET.relative_to(Path.cwd())} is written")
