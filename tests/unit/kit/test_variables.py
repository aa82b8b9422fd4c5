"""A variable's value may be kept in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.variables import text_of


def test_a_file_stands_in_for_the_value(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    assert text_of("KEY", {"KEY_FILE": str(tmp_path / "key")}) == "s3cret"
    assert text_of("KEY", {"KEY": "open"}) == "open"
    assert text_of("KEY", {}) == ""


def test_the_file_counts_when_both_are_given(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("kept")
    assert text_of("KEY", {"KEY": "open", "KEY_FILE": str(tmp_path / "key")}) == "kept"


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        text_of("KEY", {"KEY_FILE": "/nowhere/key"})
