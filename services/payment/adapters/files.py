"""A day's file from an outside party, read while it is downloaded: in little memory, and never trusted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests
import urllib3

from services.payment.adapters.base import FileNotReady, FileUnusable
from services.payment.adapters.layouts import Layout
from services.payment.reconciliation.entries import Entry, Malformed

_PIECE = 64 * 1024
_LONGEST_LINE = 8 * 1024
_LONGEST_SECONDS = 1800.0
_LONGEST_REFUSAL = 4 * 1024
Read = Callable[[Mapping[str, str]], Entry]
"""A line, by our names of its columns. Raises ValueError with a Chinese reason."""


class Download:
    """One file, read once: iterating gives an entry, or what is wrong, for each line. `lines` and `sha256` are of what
    was read so far. Raises FileNotReady, FileUnusable."""

    def __init__(
        self, name: str, url: str, query: Mapping[str, str], timeout: float, layout: Layout, read: Read
    ):
        self.name, self.lines = name, 0
        self._url, self._query, self._timeout = url, query, timeout
        self._layout, self._read = layout, read
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Entry | Malformed]:
        try:
            with requests.get(
                self._url, params=self._query, timeout=(5, self._timeout), stream=True, allow_redirects=False,
                headers={"Accept-Encoding": "identity"},
            ) as response:  # fmt: skip
                self._check(response)
                yield from self._entries(self._texts(response))
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise FileUnusable(self.name, f"下载中断（{type(error).__name__}）") from error

    def _check(self, response: requests.Response) -> None:
        if response.status_code == 404:
            said = response.raw.read(_LONGEST_REFUSAL)
            raise FileNotReady(self.name, "账单尚未生成" if b"NO_FILE" in said else "对方没有这个文件")
        if response.status_code != 200:
            raise FileUnusable(self.name, f"对方答复 HTTP {response.status_code}")
        if "html" in response.headers.get("Content-Type", ""):
            raise FileUnusable(self.name, "收到的是网页，不是账单")

    def _texts(self, response: requests.Response) -> Iterator[str]:
        """The lines. A whole file ends with a line end; what was cut off does not."""
        rest = b""
        until = time.monotonic() + _LONGEST_SECONDS
        for piece in response.iter_content(_PIECE):
            if time.monotonic() > until:
                raise FileUnusable(self.name, "下载过慢")
            self._digest.update(piece)
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise FileUnusable(self.name, "有一行过长，不是账单")
            yield from map(self._text, lines)
        if rest:
            raise FileUnusable(self.name, "文件不完整：最后一行被截断")

    def _text(self, line: bytes) -> str:
        return line.rstrip(b"\r").decode(self._layout.encoding, errors="replace")

    def _entries(self, texts: Iterator[str]) -> Iterator[Entry | Malformed]:
        places = self._places(self._row(next(texts, "")))
        width = max(places.values()) + 1
        for text in texts:
            self.lines += 1
            yield self._one(self._row(text), places, width)

    def _row(self, text: str) -> list[str]:
        """A line is a record whatever stands in it: a quote that never ends must not swallow those that follow."""
        return [value.strip().strip('"') for value in text.split(self._layout.delimiter)]

    def _places(self, heading: Sequence[str]) -> dict[str, int]:
        named = {name.strip().lstrip("\ufeff"): place for place, name in enumerate(heading)}
        missing = [name for name in self._layout.columns.values() if name not in named]
        if missing:
            raise FileUnusable(self.name, f"表头缺少{'、'.join(missing)}")
        return {ours: named[theirs] for ours, theirs in self._layout.columns.items()}

    def _one(self, row: Sequence[str], places: Mapping[str, int], width: int) -> Entry | Malformed:
        if len(row) < width:
            return Malformed(self.lines + 1, "列数不足")
        try:
            entry = self._read({ours: row[place] for ours, place in places.items()})
        except ValueError as error:
            return Malformed(self.lines + 1, str(error))
        if any(isinstance(value, str) and not _plain(value) for value in entry):
            return Malformed(self.lines + 1, "含有不应出现的字符")
        return entry


def _plain(value: Any) -> bool:
    return value.isprintable() and len(value) <= 160
