"""Which tax authority seals a certificate, and what its 税收业务专用章 looks like (requirement 3.2.1.16)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CODE = re.compile(r"1[0-9]{10}")


class BadAuthorities(ValueError):
    """The table cannot be used; `problems` names every line at fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True)
class Seal:
    """How a seal looks, in millimetres. A published description of the 税收业务专用章: round, 40 mm, the authority's
    name above, a code in the middle, the label below."""

    name: str
    code: str = ""
    label: str = "税收业务专用章"
    width: float = 40.0
    height: float = 40.0
    star: bool = False


@dataclass(frozen=True)
class Authority:
    """征收税务机关: its code in the tax core, its full name, what the seal platform knows it by, and its seal.

    The certificate it signs with carries `organ_code` as the subject's serialNumber.
    """

    code: str
    name: str
    organ_code: str
    seal_code: str
    seal: Seal


@dataclass(frozen=True)
class AuthorityBook:
    """All authorities that have a seal."""

    authorities: Mapping[str, Authority]

    def of(self, code: str) -> Authority | None:
        """The authority of that code, None where it has no seal: nobody else's is put in its place."""
        return self.authorities.get(code)


def authority_book(data: Any) -> AuthorityBook:
    """The table as it stands in its file. Raises BadAuthorities."""
    problems: list[str] = []
    found: dict[str, Authority] = {}
    shape = _shape(data.get("seal", {}) if isinstance(data, dict) else {}, problems)
    listed = data.get("authorities") if isinstance(data, dict) else None
    if not isinstance(listed, list) or not listed:
        raise BadAuthorities(["expected a list of authorities"])
    for number, line in enumerate(listed, 1):
        try:
            authority = _authority(line, shape)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"authority {number}: {error}")
            continue
        if authority.code in found:
            problems.append(f"authority {number}: its code is there twice")
        found[authority.code] = authority
    if problems:
        raise BadAuthorities(problems)
    return AuthorityBook(found)


def _shape(given: Any, problems: list[str]) -> dict[str, Any]:
    """What seals have in common unless their line says otherwise."""
    if not isinstance(given, dict) or set(given) - {"label", "width", "height", "star", "code"}:
        problems.append("seal: expected label, width, height, star, code")
        return {}
    return given


def _authority(line: Any, shape: Mapping[str, Any]) -> Authority:
    # protocols.md §2 [A]: 1, the division, and four digits of the office.
    code = str(line["code"]) if "code" in line else f"1{line['division']}0000"
    name = str(line["name"])
    if not _CODE.fullmatch(code):
        raise ValueError("code must be 1 and ten digits")
    if not 4 <= len(name) <= 32:
        raise ValueError("name must have 4 to 32 characters")
    look = {**shape, **line.get("seal", {})}
    seal = Seal(**{"name": name, **look})
    if not (20 <= seal.width <= 60 and 20 <= seal.height <= 60):
        raise ValueError("a seal measures 20 to 60 mm")
    return Authority(
        code, name, str(line.get("organ_code", code)), str(line.get("seal_code", f"{code}-01")), seal
    )
