"""The inspection before a holiday: what is wrong is found, what cannot be looked at is told, and nothing is changed."""

from __future__ import annotations

import argparse
import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import insert

from deploy.containers import Places, write
from deploy.inspection import business, expiry, hosts, page, running, stores
from deploy.inspection.findings import Finding, Level, Section, ago, graded
from deploy.target import NoSuchSystem, Target, add_options, target
from deploy.topology import SERVICES
from kit.clock import SetClock
from services.payment.models import inbox
from services.payment.storage.orders import OrderStorage
from tests.fakes.deploy_target import at_rest, database_of
from tests.fakes.payment_orders import an_order

NOW = an_order().created_at


@pytest.fixture
def system(tmp_path: Path) -> Target:
    return at_rest(tmp_path)


def levels(findings: list[Finding], subject: str) -> set[Level]:
    return {one.level for one in findings if one.subject == subject}


def test_a_system_at_rest_has_no_backlog(system: Target) -> None:
    assert {one.level for one in business.backlog(system)} == {Level.GOOD}
    assert {one.level for one in stores.events(system)} == {Level.GOOD}
    assert {one.level for one in stores.databases(system)} == {Level.GOOD}
    assert next(one.said for one in business.reconciliation(system)) == "还没有完成过对账"


@pytest.mark.parametrize(
    ("hours", "level"), [(0.5, Level.GOOD), (2, Level.WATCH), (5, Level.BAD)], ids=lambda value: str(value)
)
def test_an_order_without_an_end_is_the_worse_the_older_it_is(
    system: Target, monkeypatch: pytest.MonkeyPatch, hours: float, level: Level
) -> None:
    database = database_of(system, "payment")
    with database.transaction() as tx:
        OrderStorage().add(tx, an_order())
    database.close()
    clock = SetClock(NOW + dt.timedelta(hours=hours))
    monkeypatch.setattr(type(system.settings["payment"]), "clock", clock)
    found = list(business.backlog(system))
    assert levels(found, "订单") == {level}
    assert "已下单 1 笔" in " ".join(one.said for one in found)


def test_a_parked_event_is_wrong_and_its_content_is_not_told(system: Target) -> None:
    row = {
        "event_id": "e-1", "consumer": "take_refund_request", "type": "contribution.refund_requested.v1",
        "state": "parked", "raw": '{"name": "韦秀兰"}', "reason": "UnfitEvent", "attempts": 8, "received_at": NOW,
        "changed_at": NOW,
    }  # fmt: skip
    database = database_of(system, "payment")
    with database.transaction() as tx:
        tx.execute(insert(inbox), row)
    database.close()
    found = list(stores.events(system))
    assert Level.BAD in levels(found, "事件 payment")
    assert levels(found, "事件 notify") == {Level.GOOD}
    assert "韦秀兰" not in str(found)


def test_a_database_that_is_away_is_a_finding_and_no_crash(system: Target) -> None:
    url = "postgresql+psycopg2://payment:secret-word@127.0.0.1:1/payment"
    gone = {**system.settings, "payment": replace(system.settings["payment"], database_url=url)}
    found = list(stores.databases(replace(system, settings=gone)))
    assert levels(found, "数据库 payment") == {Level.BAD}
    assert levels(found, "数据库 notify") == {Level.GOOD}
    assert "secret-word" not in str(found)


def test_services_that_do_not_run_are_found(system: Target) -> None:
    assert {one.level for one in running.services(system)} == {Level.BAD}
    assert all("无法检查" in one.said for one in running.upstreams(system))


def _certificate(path: Path, days: int) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seal")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number()).not_valid_before(
        now - dt.timedelta(days=400)
    ).not_valid_after(now + dt.timedelta(days=days, hours=1)).sign(key, hashes.SHA256())  # fmt: skip
    path.write_bytes(made.public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    ("days", "level"), [(300, Level.GOOD), (20, Level.WATCH), (3, Level.BAD), (-5, Level.BAD)]
)
def test_a_certificate_is_told_of_before_it_ends(
    system: Target, tmp_path: Path, days: int, level: Level
) -> None:
    _certificate(tmp_path / "seal.pem", days)
    seal = replace(system.settings["certificate"], seal_key_directory=str(tmp_path))  # type: ignore[call-arg]
    found = list(expiry.certificates(replace(system, settings={**system.settings, "certificate": seal})))
    assert levels(found, "签章证书 seal.pem") == {level}
    assert f"剩余 {days} 天" in str(found)


def test_keys_are_told_by_version_and_never_shown(system: Target) -> None:
    found = list(expiry.keys(system))
    assert {one.subject for one in found} >= {
        "密钥 PERSONAL_DATA_KEYS",
        "密钥 QUOTE_KEYS",
        "密钥 ROW_SEAL_KEYS",
    }
    assert not re.search(r"[0-9a-f]{16}", str(found))


def test_backups_are_judged_by_the_newest(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    file = tmp_path / "base" / "monday.tar"
    file.write_text("x")
    written = file.stat().st_mtime
    for hours, level in ((1, Level.GOOD), (30, Level.WATCH), (80, Level.BAD)):
        (found,) = hosts.backups(tmp_path, written + hours * 3600)
        assert found.level is level
    (none,) = hosts.backups(tmp_path / "nowhere", written)
    assert none.level is Level.BAD
    (untold,) = hosts.backups(None, written)
    assert untold.level is Level.WATCH


def test_the_host_is_looked_at(system: Target) -> None:
    subjects = {one.subject for one in (*hosts.host(system), *hosts.storage(system))}
    assert {"处理器负载", "内存", "时钟", "磁盘 /"} <= subjects


def test_the_page_says_the_worst_first_and_escapes_what_it_shows() -> None:
    sections = [
        Section("主机", (Finding(Level.GOOD, "内存", "够"),)),
        Section("服务", (Finding(Level.BAD, "服务 x", "<script>"), Finding(Level.WATCH, "时钟", "没有同步"))),
    ]
    told = page.text(sections, NOW)
    assert "有 1 项异常、1 项需要注意" in told.splitlines()[1]
    assert "✗ 异常  服务 x：<script>" in told
    shown = page.html(sections, NOW)
    assert "<script>" not in shown and "&lt;script&gt;" in shown and 'class="lead l2"' in shown
    assert "全部 1 项正常" in page.text(sections[:1], NOW)


def test_a_duration_is_said_as_people_say_it() -> None:
    assert [ago(s) for s in (5, 300, 10_800, 200_000)] == ["5 秒", "5 分钟", "3 小时", "2 天"]
    assert graded("x", "y", 3, 1, 3).level is Level.BAD


def test_each_service_of_a_container_deployment_is_read_from_its_own_file(tmp_path: Path) -> None:
    write(tmp_path, Places())
    parser = argparse.ArgumentParser()
    add_options(parser)
    found = target(parser.parse_args(["--secrets", str(tmp_path)]))
    assert list(found.settings) == list(SERVICES)
    assert all(f"//{name}:" in settings.amqp_uri for name, settings in found.settings.items())
    assert f"certfile={tmp_path}/payment/payment.crt" in found.settings["payment"].amqp_uri
    assert found.url("payment") == "http://payment:8000"


def test_a_folder_without_a_system_is_refused_and_left_empty(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    for options in (["--state", str(tmp_path / "none")], ["--secrets", str(tmp_path)]):
        with pytest.raises(NoSuchSystem):
            target(parser.parse_args(options))
    assert not list(tmp_path.iterdir())
