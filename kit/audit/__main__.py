"""审计日志（业务运行中随时可用）：

python -m kit.audit verify 服务… [--anchors 文件或目录] [--json]   逐条核对：改动、删除、调换次序、没有入链、链尾被删
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
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from contract.audit import Action
from kit.audit import anchors
from kit.audit.checking import Counted, Finding, check
from kit.audit.journal import Journal
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
        for finding in check(snapshot, Journal(), settings.clock.now(), told, counted):
            found += 1
            say(_as_json(service, finding) if chosen.json else _line(service, finding))
    if chosen.json:
        say(json.dumps({"service": service, "acts": counted.acts, "findings": found}))
    else:
        say(f"{service}：核对 {counted.acts} 条，" + (f"发现 {found} 个问题" if found else "全部一致"))
    return 1 if found else 0


def _anchor(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    with database.transaction() as tx:
        anchor = anchors.export(tx, Journal(), service, chosen.to, settings.clock.now())
    say(f"{service}：" + (f"锚点 {anchor.sequence} {anchor.link.hex()}" if anchor else "还没有入链的记录"))
    return 0


def _list(
    service: str, settings: ServiceConfig, database: Database, chosen: argparse.Namespace, say: Say
) -> int:
    with database.read() as connection:
        found = Journal().latest(connection, chosen.actor, chosen.target, chosen.action, chosen.limit)
    for act in found:
        if chosen.json:
            say(json.dumps(as_json(act, service), ensure_ascii=False))
            continue
        when = f"{china(act.at):%Y-%m-%d %H:%M:%S}"
        parts = (when, act.actor, act.origin, title(act.action), act.target, act.result, act.purpose)
        say("  ".join(filter(None, parts)))
    return 0


def _line(service: str, finding: Finding) -> str:
    return f"✗ {service} {finding.fault.label}：{finding.subject}  {finding.detail}".rstrip()


def _as_json(service: str, finding: Finding) -> str:
    told = asdict(finding) | {"service": service, "label": finding.fault.label}
    return json.dumps(told, ensure_ascii=False)


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
