"""The place picker: 市 → 县（市、区） → 乡镇（街道） → 村屯（社区）, level by level (3.2.1.13(一))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.places import Division, Place

LEVELS = (
    ("city", "市"),
    ("county", "县（市、区）"),
    ("town", "乡镇（街道）"),
    ("village", "村屯（社区）"),
)
"""Names of the levels in forms and errors, and what a resident calls them."""


@dataclass(frozen=True)
class Level:
    """One level as a page shows it. `options` is empty where there are no codes, so that it is typed, and None while
    identity does not answer, so that it is only kept."""

    name: str
    label: str
    options: tuple[Division, ...] | None
    chosen: Division

    @property
    def listed(self) -> list[tuple[str, str]]:
        """The divisions as a list of a form, nothing chosen first."""
        return [("", "请选择"), *((one.code, one.name) for one in self.options or ())]

    @property
    def listed_all(self) -> list[tuple[str, str]]:
        """The same where leaving it out means all of them."""
        return [("", "全部"), *self.listed[1:]]

    @property
    def typed(self) -> bool:
        """Whether a name may be typed: where nothing is listed, and a village that is not in the list."""
        return not self.options or (self.name == "village" and not self.chosen.code)


@dataclass(frozen=True)
class Picker:
    """The levels chosen so far, and the next one to choose."""

    levels: tuple[Level, ...]

    @property
    def answered(self) -> bool:
        """False while identity does not say what may be chosen."""
        return all(level.options is not None for level in self.levels)

    @property
    def place(self) -> Place:
        """What is chosen."""
        return Place(**{level.name: level.chosen for level in self.levels})

    @property
    def whole(self) -> bool:
        """Whether every level is shown."""
        return len(self.levels) == len(LEVELS)


def typed_place(form: Mapping[str, str]) -> Place | None:
    """The place a form names: a code of digits where one was chosen, else a name. None where nothing was given."""
    given = {name: form.get(f"place_{name}", "").strip() for name, _ in LEVELS}
    given["village"] = given["village"] or form.get("place_village_name", "").strip()
    levels = [Division(text) if text.isdecimal() else Division("", text) for text in given.values()]
    return Place(*levels) if any(given.values()) else None


def settle(options: Sequence[Division], given: Division) -> Division:
    """The division of the list that was given; a code that is not in it, chosen before a level above it changed,
    leaves what was typed."""
    listed = next((one for one in options if given.code and one.code == given.code), None)
    return listed or Division("", given.name)
