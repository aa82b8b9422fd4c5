"""What became of the messages, for operators: `python -m services.notify.staff list|attempts|cost|replay|preview`.

list [--state undelivered] [--event ID]    the newest reminders
attempts MESSAGE                            every send of one
cost [--days 7]                             attempts, delivery rate and segments by provider and kind
replay MESSAGE --by WHO --why TEXT          send an undelivered one again; who and why are kept
preview                                     every text as a phone shows it, with what it costs
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from contract.deliveries import ListMessages, MessageState, MessageView, ReplayMessage, ReportDelivery
from contract.errors import ContractError
from kit.audit import command_line
from kit.clock import china
from kit.config import ConfigurationError, read
from kit.database import Database
from services.notify.config import Config
from services.notify.storage import NotifyStorage
from services.notify.templates import SAMPLE, TITLES
from services.notify.usecases import seeing


@command_line
def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 when nothing was found or done, 78 when the settings are wrong."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = read(Config)
    except ConfigurationError as error:
        print("配置有误：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    if chosen.action == "preview":
        return _preview(settings)
    database = Database(settings.database_url, pool_size=2)
    actions = {"list": _list, "attempts": _attempts, "cost": _cost, "replay": _replay}
    try:
        return actions[chosen.action](chosen, database, settings)
    except ContractError as error:
        print(error.message, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services.notify.staff", description="短信提醒的查询与重发"
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="最近的提醒")
    listed.add_argument("--state", type=MessageState, choices=list(MessageState))
    listed.add_argument("--event", help="只看一个事件")
    listed.add_argument("--limit", type=int, default=50)
    actions.add_parser("attempts", help="一条提醒的每次发送").add_argument("message")
    cost = actions.add_parser("cost", help="各服务商的发送量、送达率、计费条数")
    cost.add_argument("--days", type=int, default=7)
    replay = actions.add_parser("replay", help="重新发送一条未送达的提醒")
    replay.add_argument("message")
    replay.add_argument("--by", required=True, help="操作人")
    replay.add_argument("--why", required=True, help="原因")
    actions.add_parser("preview", help="预览全部短信模板")
    return parser


def _list(chosen: argparse.Namespace, database: Database, settings: Config) -> int:
    request = ListMessages(chosen.event, chosen.state, chosen.limit)
    found = seeing.list_messages(request, database, NotifyStorage()).messages
    for message in found:
        print(_line(message))
    print(f"共 {len(found)} 条")
    return 0


def _attempts(chosen: argparse.Namespace, database: Database, settings: Config) -> int:
    with database.read() as tx:
        sends = NotifyStorage().attempts_of(tx, [chosen.message]).get(chosen.message, ())
    for number, one in enumerate(sends, start=1):
        parts = (
            f"第{number}次",
            _time(one.begun_at),
            one.provider,
            one.answer or "没有答复",
            one.fate or "没有回执",
        )
        print(*parts, *filter(None, (one.serial, one.reason)), sep="  ")
    if not sends:
        print("没有发送记录", file=sys.stderr)
    return 0 if sends else 1


def _cost(chosen: argparse.Namespace, database: Database, settings: Config) -> int:
    until = settings.clock.now()
    request = ReportDelivery(until - dt.timedelta(days=chosen.days), until)
    report = seeing.report_delivery(request, database, NotifyStorage())
    for one in report.providers:
        rate = f"{one.delivered / one.accepted:.1%}" if one.accepted else "—"
        print(
            one.provider, one.title, f"发送 {one.attempts} 次", f"接收 {one.accepted}", f"送达 {one.delivered}",
            f"失败 {one.failed}", f"送达率 {rate}", f"计费 {one.segments} 条", f"平均 {one.milliseconds} 毫秒",
            sep="  ",
        )  # fmt: skip
    print(f"最近 {chosen.days} 天，计费共 {sum(one.segments for one in report.providers)} 条")
    return 0


def _replay(chosen: argparse.Namespace, database: Database, settings: Config) -> int:
    request = ReplayMessage(chosen.by, chosen.message, chosen.why)
    print(_line(seeing.replay_message(request, database, NotifyStorage(), settings.clock)))
    return 0


def _preview(settings: Config) -> int:
    texts = settings.catalogue()
    print(f"模板版本 {texts.version}")
    for kind, template in texts.templates.items():
        length, billed = texts.length(kind, SAMPLE), texts.segments(kind, SAMPLE)
        print(f"\n{TITLES[kind]}：{length} 字，计费 {billed} 条\n{template.render(texts.sign_name, SAMPLE)}")
    return 0


def _line(message: MessageView) -> str:
    parts = (
        message.message_id, _time(message.created_at), message.title, message.phone, message.state.label,
        f"发送 {len(message.attempts)} 次", message.reason or "",
    )  # fmt: skip
    return "  ".join(filter(None, parts))


def _time(moment: dt.datetime) -> str:
    return f"{china(moment):%Y-%m-%d %H:%M:%S}"


if __name__ == "__main__":
    sys.exit(main())
