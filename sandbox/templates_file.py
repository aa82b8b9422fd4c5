"""The SMS templates approved by the provider: the same file the notify service renders from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

_PLACE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True)
class Template:
    """One approved template; ``{1}``, ``{2}`` … stand for its parameters, which Aliyun knows by name."""

    id: str
    text: str
    parameters: int
    names: tuple[str, ...] = ()

    def render(self, values: list[str]) -> str:
        return _PLACE.sub(lambda place: values[int(place[1]) - 1], self.text)


class Templates:
    """Read when first needed and again whenever the file changes; a missing file approves nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: float | None = None
        self._templates: dict[str, Template] = {}

    def get(self, template_id: str) -> Template | None:
        try:
            changed_at = self._path.stat().st_mtime
        except OSError:
            return None
        if changed_at != self._read_at:
            rows = json.loads(self._path.read_text(encoding="utf-8"))["templates"]
            found = [
                Template(str(row[key]), row["text"], _count(row["text"]), tuple(row.get("params", ())))
                for row in rows
                for key in ("id", "aliyun_id")
                if key in row
            ]
            self._templates = {template.id: template for template in found}
            self._read_at = changed_at
        return self._templates.get(template_id)


def _count(text: str) -> int:
    return max((int(number) for number in _PLACE.findall(text)), default=0)


def segments(text: str) -> int:
    """Messages billed: up to 70 UCS-2 units are one, else 67 in each (protocols section 6)."""
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= 70 else -(-units // 67)
