"""核对缴费账（只读，业务运行中随时可用；各项含义见 services/payment/domain/books.py）：

python -m services.payment.verify [--day 2026-11-23] [--json]
python -m services.payment.verify --seal   为启用封印之前写入的记录补封印，再核对

逐日逐渠道：收到 = 入库 + 已退 + 在途；逐笔：金额、状态、历史、事件、退费、封印、下一步处理。
退出码：0 全部一致；1 发现问题；2 无法核对（配置或数据库不可用）。
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from contract.audit import Act, Action
from contract.insurance import Channel
from contract.money import yuan_text
from kit.audit import JOURNAL, cli, command_line
from kit.audit.rows import seal_all
from kit.clock import CHINA
from kit.config import ConfigurationError, read
from kit.database import Database
from kit.relay import KEEP_PUBLISHED, KEEP_PUBLISHED_MEMORY
from services.payment.adapters.unionpay import connect
from services.payment.config import Config
from services.payment.domain.books import Sums, Tally
from services.payment.domain.invariants import Finding, Kind, broken
from services.payment.models import SEALED
from services.payment.storage.order_books import BookStorage, UnreadableBook

Say = Callable[[str], object]


@command_line
def main(arguments: Sequence[str] | None = None, say: Say = print) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        settings = read(Config)
        return _run(settings, chosen, say)
    except ConfigurationError as error:
        print("无法核对，配置无法读取：", *error.problems, sep="\n  ", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"无法核对，数据库不可用：{type(error).__name__}", file=sys.stderr)
    return 2


def _run(settings: Config, chosen: argparse.Namespace, say: Say) -> int:
    database, books = Database(settings.database_url), BookStorage(connect(settings).report_of)
    if chosen.seal:
        sealed = _seal_all(database, settings)
        say(json.dumps({"sealed": sealed}) if chosen.json else f"已补封印 {sealed} 条记录")
    tally, found = Tally(chosen.day), 0
    kept_since = settings.clock.now() - (KEEP_PUBLISHED_MEMORY if settings.memory_bus else KEEP_PUBLISHED)
    with database.snapshot() as snapshot:
        for finding in verify(snapshot, books, tally, kept_since):
            found += 1
            say(_as_json(finding) if chosen.json else _line(finding))
    for line in _summary_json(tally, found) if chosen.json else _summary(tally, found):
        say(line)
    return 1 if found else 0


def verify(
    snapshot: Connection, books: BookStorage, tally: Tally, kept_since: dt.datetime
) -> Iterator[Finding]:
    """Everything that is wrong with the books, while their sums are added to the tally: of its day, or of all days.

    Events published before `kept_since` may be gone from the outbox.
    """
    for book in books.read(snapshot, *_bounds(tally.day)):
        if isinstance(book, UnreadableBook):
            yield Finding(Kind.UNREADABLE, book.order_id, book.why)
            continue
        tally.add(book)
        yield from broken(book, kept_since)
    if tally.day is None:
        yield from _between_orders(snapshot, books)
    for (day, channel), sums in sorted(tally.sums.items()):
        if sums.difference:
            yield Finding(
                Kind.IMBALANCE, f"{day} {channel}", f"{yuan_text(abs(sums.difference))}元，{_told(sums)}"
            )


def _between_orders(snapshot: Connection, books: BookStorage) -> Iterator[Finding]:
    """What no single order's book shows."""
    for order_ids in books.double_live(snapshot):
        yield Finding(Kind.DOUBLE_LIVE, "、".join(order_ids), "")
    for type_, aggregate in books.stray_events(snapshot):
        yield Finding(Kind.STRAY_EVENT, aggregate, type_)
    for number in books.stray_notifies(snapshot):
        yield Finding(Kind.STRAY_NOTIFY, number, "")


def _seal_all(database: Database, settings: Config) -> int:
    sealed = seal_all(database, SEALED)
    with database.transaction() as tx:
        JOURNAL.add(tx, Act(cli(), Action.BOOKS_SEALED, detail={"rows": sealed}), settings.clock.now())
    return sealed


def _bounds(day: dt.date | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    if day is None:
        return None, None
    midnight = dt.datetime.combine(day, dt.time(), CHINA)
    return midnight, midnight + dt.timedelta(days=1)


def _line(finding: Finding) -> str:
    return f"✗ {finding.kind.label}：{finding.subject}  {finding.detail}".rstrip()


def _told(sums: Sums) -> str:
    return (
        f"收到{yuan_text(sums.paid)}元，入库{yuan_text(sums.posted)}元，已退{yuan_text(sums.refunded)}元，"
        f"在途{yuan_text(sums.in_flight)}元"
    )


def _summary(tally: Tally, found: int) -> Iterator[str]:
    for (day, channel), sums in sorted(tally.sums.items()):
        yield f"{'✗' if sums.difference else '✓'} {day} {Channel(channel).label}：{_told(sums)}"
    yield f"合计：{_told(tally.total())}"
    yield f"核对订单 {tally.orders} 笔：" + (f"发现 {found} 个问题" if found else "全部一致")


def _as_json(finding: Finding) -> str:
    return json.dumps({"finding": asdict(finding) | {"label": finding.kind.label}}, ensure_ascii=False)


def _summary_json(tally: Tally, found: int) -> Iterator[str]:
    """The last line, after one line for each finding."""
    days = [
        {"day": str(day), "channel": channel, **asdict(sums), "difference": sums.difference}
        for (day, channel), sums in sorted(tally.sums.items())
    ]
    total = asdict(tally.total())
    yield json.dumps({"orders": tally.orders, "findings": found, "total": total, "days": days})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.payment.verify", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--day", type=dt.date.fromisoformat, help="只核对这一天（中国时间）的订单和款项")
    parser.add_argument("--json", action="store_true", help="每行一个 JSON：先是问题，最后是合计")
    parser.add_argument("--seal", action="store_true", help="先为没有封印的记录补封印")
    return parser


if __name__ == "__main__":
    sys.exit(main())
