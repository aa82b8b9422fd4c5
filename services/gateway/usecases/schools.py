"""Certificates of a school's students (3.2.1.16): lists, the ZIP of what is issued, and links."""

from __future__ import annotations

import base64
import csv
import io
import re
import zipfile
from collections.abc import Iterator

from contract import schools
from contract.certificate import CertificateNotIssued, CertificateState
from contract.schools import (
    PAGE,
    ROLL_LIMIT,
    BatchItem,
    BatchOfSchool,
    BatchView,
    GetBatchFile,
    ListBatchItems,
    RollUnreadable,
    SubmitRoll,
)
from services.gateway.domain.sessions import LoggedInPayer
from services.gateway.usecases.ports import Ports

INDEX = "目录.csv"
_UNSAFE = re.compile(r"[^\w·.-]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def submit_roll(
    payer: LoggedInPayer, school_id: str, period: tuple[str, str], content: bytes, ports: Ports
) -> BatchView:
    """Raises what certificate.submit_roll raises."""
    if not content or len(content) > ROLL_LIMIT:
        raise RollUnreadable(field="file")
    text = base64.b64encode(content).decode()
    asked = SubmitRoll(payer.person_id, payer.person, school_id, *period, text)
    return ports.peers.call(schools.submit_roll, asked)


def list_items(payer: LoggedInPayer, batch: BatchView, ports: Ports) -> Iterator[BatchItem]:
    """Everybody on a list, asked for by pages."""
    for first in range(1, batch.count + 1, PAGE):
        asked = ListBatchItems(payer.person, batch.batch_id, first)
        yield from ports.peers.call(schools.list_batch_items, asked).items


def list_failed(payer: LoggedInPayer, batch: BatchView, ports: Ports) -> list[BatchItem]:
    """Whose certificates were not issued, and why."""
    if not batch.failed:
        return []
    return [item for item in list_items(payer, batch, ports) if item.state is CertificateState.FAILED]


def archive(payer: LoggedInPayer, batch_id: str, ports: Ports) -> Iterator[bytes]:
    """A ZIP of the files issued so far, an index last, in pieces: it is never in memory as a whole. Raises
    SchoolNotFound before the first piece."""
    batch = ports.peers.call(schools.get_batch, BatchOfSchool(payer.person, batch_id))
    return _pieces(payer, batch, ports)


def _pieces(payer: LoggedInPayer, batch: BatchView, ports: Ports) -> Iterator[bytes]:
    sink = _Sink()
    index = io.StringIO()
    lines = csv.writer(index)
    lines.writerow(("序号", "姓名", "身份证号码", "证明编号", "状态", "说明", "文件"))
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for item in list_items(payer, batch, ports):
            name = _file_name(item) if item.state is CertificateState.ISSUED else ""
            if name:
                asked = GetBatchFile(payer.person_id, payer.person, batch.batch_id, item.position)
                try:
                    content = base64.b64decode(ports.peers.call(schools.get_batch_file, asked).content)
                    packed.writestr(name, content)
                except CertificateNotIssued:
                    name = ""  # voided since, or too old to be kept
            lines.writerow([_cell(text) for text in (
                str(item.position), item.name, item.document_number, item.number, item.state.label, item.words, name,
            )])  # fmt: skip
            yield sink.taken()
        packed.writestr(INDEX, "\ufeff" + index.getvalue())
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Keeps what a ZIP is written to until it is taken; it cannot be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._kept.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        kept, self._kept = b"".join(self._kept), []
        return kept


def _file_name(item: BatchItem) -> str:
    return f"{item.position:04d}_{_UNSAFE.sub('', item.name)}_{item.number}.pdf"


def _cell(text: str) -> str:
    """A spreadsheet must not take it for a formula (security.md 9)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
