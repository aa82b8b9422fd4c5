"""Databases and the bus: do they answer, how full are they, who waits."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import kombu
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from sqlalchemy import Connection, MetaData, func, select, text
from sqlalchemy import inspect as inspected

from deploy.inspection.findings import Finding, ago, bad, good, graded, looked_at
from deploy.target import Target
from kit.broker import connect
from kit.consumer import EventEntrypoint, queue_of
from kit.inbox import InboxState, inbox_table
from kit.outbox import Outbox, outbox_table
from kit.service import service_class

_SESSIONS = text("SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity")
_LONGEST = text("SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0) FROM pg_stat_activity")
_SIZE = text("SELECT pg_database_size(current_database())")
_NOW = text("SELECT extract(epoch FROM clock_timestamp())")


def databases(target: Target) -> Iterator[Finding]:
    """Each service's own."""
    for service in target.with_database:
        yield from looked_at(f"数据库 {service}", partial(_database, target, service))


def _database(target: Target, service: str) -> Iterator[Finding]:
    subject = f"数据库 {service}"
    with target.reading(service) as connection:
        if connection.dialect.name == "sqlite":
            path = Path(str(connection.engine.url.database))
            yield good(subject, f"可读，{path.stat().st_size / 1e6:.1f} MB（SQLite）")
            return
        size = connection.execute(_SIZE).scalar_one()
        used, most = connection.execute(_SESSIONS).one()
        yield graded(subject, f"可读，{size / 1e6:.0f} MB；服务器连接 {used}/{most}", used / most, 0.7, 0.9)
        longest = float(connection.execute(_LONGEST).scalar_one())
        if longest > 60:
            yield graded(subject, f"有事务已运行 {ago(longest)}", longest, 60, 600)
        drift = abs(float(connection.execute(_NOW).scalar_one()) - dt.datetime.now(dt.UTC).timestamp())
        if drift >= 1:
            yield graded(subject, f"与本机时钟相差 {drift:.1f} 秒", drift, 1, 5)


def events(target: Target) -> Iterator[Finding]:
    """What waits to leave, to be tried again, or for an operator."""
    for service in target.with_database:
        yield from looked_at(f"事件 {service}", partial(_events, target, service))


def _events(target: Target, service: str) -> Iterator[Finding]:
    now = target.settings[service].clock.now()
    with target.reading(service) as connection:
        tables = inspected(connection).get_table_names()
        if "outbox" in tables:
            number, oldest = Outbox(outbox_table(MetaData()), service).waiting(connection)
            age = (now - oldest).total_seconds() if oldest else 0.0
            said = f"未发出的事件 {number} 条" + (f"，最早的已等待 {ago(age)}" if number else "")
            yield graded(f"事件 {service}", said, age, 60, 600)
        if "inbox" in tables:
            parked, again = (_in(connection, state) for state in (InboxState.PARKED, InboxState.RETRY))
            said = f"停放 {parked} 条，待重试 {again} 条"
            yield graded(f"事件 {service}", said, 2 if parked else min(again, 1), 1, 2)


def _in(connection: Connection, state: InboxState) -> int:
    table = inbox_table(MetaData())
    found = select(func.count()).select_from(table).where(table.c.state == state)
    return int(connection.execute(found).scalar_one())


def queues(target: Target) -> Iterator[Finding]:
    """RabbitMQ's queues, each asked for by the account it belongs to."""
    if target.memory_bus:
        yield good("队列", "内存总线，没有单独的队列服务器")
        return
    for service in target.settings:
        yield from looked_at(f"队列 {service}", partial(_queues, target, service))


def _queues(target: Target, service: str) -> Iterator[Finding]:
    with connect(target.settings[service].amqp_uri) as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=3)
        except Exception as error:
            raise OSError(str(error)) from None
        for name in _names(service):
            yield _queue(connection, name)


def _names(service: str) -> list[str]:
    members = inspect.getmembers(service_class(service), inspect.isfunction)
    entrypoints = [one for _, member in members for one in getattr(member, ENTRYPOINT_EXTENSIONS_ATTR, ())]
    taken = {queue_of(service, one.event).name for one in entrypoints if isinstance(one, EventEntrypoint)}
    return [f"rpc-{service}", *sorted(taken)]


def _queue(connection: kombu.Connection, name: str) -> Finding:
    try:
        found: Any = kombu.Queue(name)(connection.channel()).queue_declare(passive=True)
    except connection.channel_errors:
        return bad(f"队列 {name}", "不存在：服务没有启动过，或消息队列的数据丢失")
    if not found.consumer_count:
        return bad(f"队列 {name}", f"没有服务在接收，积压 {found.message_count} 条")
    said = f"积压 {found.message_count} 条，{found.consumer_count} 个进程在接收"
    return graded(f"队列 {name}", said, found.message_count, 1_000, 10_000)
