"""审计日志（业务运行中随时可用）：

python -m kit.audit verify 服务… [--anchors 文件或目录] [--json]   核对日志（改动、删除、调换次序、没有入链、链尾被删）
                                                                 和加了封印的业务记录（改动、删除）
python -m kit.audit restore 服务 [--dry-run]                       按日志恢复被改动或删除的业务记录
python -m kit.audit seal 服务…                                     为启用封印之前写入的业务记录补封印（升级后一次）
python -m kit.audit anchors 服务… --to 目录                        现在导出锚点（每个服务的文件追加一行）
python -m kit.audit list 服务 [--actor 谁] [--target 什么] [--action 动作] [--limit 条数]   最近的记录，新的在前

退出码：0 一致；1 发现问题；2 无法核对（配置、数据库或锚点不可用）。
"""

from __future__ import annotations

from kit.runner import read_settings  # first of all: it patches the standard library

# isort: split

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from contract.audit import Act, Action, RowFault
from kit.audit import JOURNAL, anchors, cli
from kit.audit.checking import Counted, Finding, check
from kit.audit.rows import RowFinding, check_rows, put_back, seal_all, seals_of, written_last
from kit.audit.streaming import as_json, title
from kit.clock import china
from kit.config import ConfigurationError, ServiceConfig
from kit.database import Database

Say = Callable[[str], object]


def main(arguments: Sequence[str] | None = None, say: Say = print) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        found = 0
        for service, settings in read_settings(chosen.services).items():
            found |= chosen.act(service, settings, Database(settings.database_url), chosen, say)
        return found
    except ConfigurationError as error:
        print("无法核对，配置无法读取：", *error.problems, sep="\n  ", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"无法核对，数据库不可用：{type(error).__name__}", file=sys.stderr)
    except (anchors.BadAnchors, OSError) as error:
        print(f"无法核对，锚点文件不可用：{error}", file=sys.stderr)
    return 2


def _verify(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    told = list(anchors.read(chosen.anchors, service)) if chosen.anchors else []
    found, counted = 0, Counted()
    with database.snapshot() as snapshot:
        acts = check(snapshot, JOURNAL, settings.clock.now(), told, counted)
        rows = check_rows(snapshot, seals_of(service), JOURNAL)
        findings: Iterator[Finding | RowFinding] = chain(acts, rows)
        for finding in findings:
            found += 1
            say(_as_json(service, finding) if chosen.json else _line(service, finding))
    if chosen.json:
        say(json.dumps({"service": service, "acts": counted.acts, "findings": found}))
    else:
        say(f"{service}：核对 {counted.acts} 条，" + (f"发现 {found} 个问题" if found else "全部一致"))
    return 1 if found else 0


def _restore(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    """What can be put back is, each row in a transaction of its own with the act that says so."""
    seals = {seal.table.name: seal for seal in seals_of(service)}
    with database.snapshot() as snapshot:
        damaged = list(check_rows(snapshot, list(seals.values()), JOURNAL))
        written = written_last(snapshot, [one.key for one in damaged], list(seals.values()), JOURNAL)
    left = 0
    for finding in damaged:
        act_id, row = written.get(finding.key, ("", None))
        done = row is not None and finding.fault is not RowFault.UNSEALED
        if done and row is not None and not chosen.dry_run:
            with database.transaction() as tx:
                done = put_back(tx, finding, row, seals[finding.key.table])
                if done:
                    told = {"row": str(finding.key), "fault": finding.fault.value, "from": act_id}
                    JOURNAL.add(tx, Act(cli(), Action.ROW_RESTORED, detail=told), settings.clock.now())
        left += not done
        ending = (
            ("可以恢复" if chosen.dry_run else "已恢复") if done else "不能恢复：日志中没有，请从备份恢复"
        )
        say(f"{'✓' if done else '✗'} {service} {finding.fault.label}：{finding.key}  {ending}")
    say(f"{service}：{len(damaged)} 条被改动或删除，{left} 条不能从日志恢复")
    return 1 if left else 0


def _seal(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    sealed = seal_all(database, seals_of(service))
    with database.transaction() as tx:
        JOURNAL.add(tx, Act(cli(), Action.BOOKS_SEALED, detail={"rows": sealed}), settings.clock.now())
    say(f"{service}：已补封印 {sealed} 条记录")
    return 0


def _anchor(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    with database.transaction() as tx:
        anchor = anchors.export(tx, JOURNAL, service, chosen.to, settings.clock.now())
    say(f"{service}：" + (f"锚点 {anchor.sequence} {anchor.link.hex()}" if anchor else "还没有入链的记录"))
    return 0


def _list(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    with database.read() as connection:
        found = JOURNAL.latest(connection, chosen.actor, chosen.target, chosen.action, chosen.limit)
    for act in found:
        if chosen.json:
            say(json.dumps(as_json(act, service), ensure_ascii=False))
            continue
        when = f"{china(act.at):%Y-%m-%d %H:%M:%S}"
        parts = (when, act.actor, act.origin, title(act.action), act.target, act.result, act.purpose)
        say("  ".join(filter(None, parts)))
    return 0


def _line(service: str, finding: Finding | RowFinding) -> str:
    return f"✗ {service} {finding.fault.label}：{finding.subject}  {finding.detail}".rstrip()


def _as_json(service: str, finding: Finding | RowFinding) -> str:
    said = {"service": service, "fault": finding.fault.value, "label": finding.fault.label,
            "subject": finding.subject, "detail": finding.detail}  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kit.audit", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    acts = parser.add_subparsers(required=True, metavar="办什么")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("services", nargs="+", metavar="服务")
    common.add_argument("--json", action="store_true", help="每行一个 JSON")
    verify = acts.add_parser("verify", parents=[common], help="核对")
    verify.add_argument("--anchors", type=Path, help="以前导出的锚点：文件，或所在目录")
    verify.set_defaults(act=_verify)
    restore = acts.add_parser("restore", parents=[common], help="恢复")
    restore.add_argument("--dry-run", action="store_true", help="只看能不能恢复，不改动")
    restore.set_defaults(act=_restore)
    acts.add_parser("seal", parents=[common], help="补封印").set_defaults(act=_seal)
    anchor = acts.add_parser("anchors", parents=[common], help="导出锚点")
    anchor.add_argument("--to", type=Path, required=True, help="目录；请另行保管")
    anchor.set_defaults(act=_anchor)
    listed = acts.add_parser("list", parents=[common], help="查看")
    listed.add_argument("--actor", default="")
    listed.add_argument("--target", default="")
    listed.add_argument("--action", type=Action, choices=list(Action))
    listed.add_argument("--limit", type=int, default=50)
    listed.set_defaults(act=_list)
    return parser


if __name__ == "__main__":
    sys.exit(main())
