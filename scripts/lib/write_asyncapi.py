"""Writes docs/asyncapi.json from the contract and the examples in docs/events/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract.asyncapi import document

DOCS = Path(__file__).parents[2] / "docs"
TARGET = DOCS / "asyncapi.json"


def examples() -> dict[str, Any]:
    """A whole message of each event, as another tax system sends it."""
    return {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted((DOCS / "events").glob("*.json"))
    }


def text() -> str:
    """The whole document."""
    return json.dumps(document(examples()), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), "utf-8")
    print(f"{TARGET.relative_to(Path.cwd())} is written")
