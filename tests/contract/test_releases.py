"""This code and the last release run side by side while one replaces the other: each must read what the other writes.

`tests/contract/releases/N` are the samples as release N had them; `scripts/release N` stores them. They never change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import schema
from contract.catalogue import EVENTS, METHODS
from contract.quote import Quote
from tests.factories.payloads import SAMPLES

_RELEASES = SAMPLES.parents[1] / "releases"
LAST = max((path for path in _RELEASES.iterdir() if path.is_dir()), key=lambda path: int(path.name))
STORED = sorted(LAST.glob("*.json"))

every_sample = pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)


@every_sample
def test_what_the_last_release_writes_this_code_reads(stored: Path) -> None:
    for kind, data in _parts(stored.stem, json.loads(stored.read_text("utf-8"))):
        schema.load(kind, data)


@every_sample
def test_what_this_code_writes_has_all_the_last_release_reads(stored: Path) -> None:
    """A reader ignores fields it does not know, and samples show every field: all the old ones must still be there,
    of their old kind."""
    now = SAMPLES / stored.name
    assert now.exists(), f"{stored.stem} is gone, and the last release still sends or calls it"
    missing = list(
        _missing(json.loads(stored.read_text("utf-8")), json.loads(now.read_text("utf-8")), stored.stem)
    )
    assert not missing, f"the last release cannot do without {missing}"


def test_the_comparison_sees_what_breaks_at_every_depth() -> None:
    old = {"a": 1, "b": [{"c": "text", "d": None}]}
    assert not list(_missing(old, {"a": 2, "b": [{"c": "", "d": 5, "new": 1}], "new": {}}, ""))
    assert list(_missing(old, {"a": 1, "b": [{"d": None}]}, "x")) == ["x.b[0].c"]
    assert list(_missing(old, {"a": "1", "b": [{"c": "t", "d": None}]}, "x")) == ["x.a"]
    assert list(_missing(old, {"a": 1, "b": []}, "x")) == ["x.b[0]"]


def _parts(name: str, stored: Any) -> Iterator[tuple[type[Any], Any]]:
    """The payloads in a sample and what reads them."""
    if name == "quote":
        yield Quote, stored
    elif name in EVENTS:
        yield EVENTS[name], stored["data"]
    else:
        method = next(one for one in METHODS if f"{one.service}.{one.name}" == name)
        yield method.request, stored["request"]
        yield method.answer, stored["answer"]


def _missing(old: Any, new: Any, where: str) -> Iterator[str]:
    """Where the new lacks something of the old, or has another kind of thing there."""
    if old is None or new is None:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in new:
                yield from _missing(value, new[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}"
    elif isinstance(old, list) and isinstance(new, list):
        if old and not new:
            yield f"{where}[0]"
        elif old:
            yield from _missing(old[0], new[0], f"{where}[0]")
    elif type(old) is not type(new):
        yield where
