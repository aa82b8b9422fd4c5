"""密钥（更换步骤见 deploy/README.md “更换密钥”）：

python -m kit.keys new                    生成一把新密钥（设置了 MASTER_KEY 时加密后给出）
python -m kit.keys wrap 设置名            把该设置中的密钥改为用 MASTER_KEY 加密保存的写法
python -m kit.keys status 服务…           每张表各版本密钥加密的数据还有多少
python -m kit.keys rotate 服务… [--batch 500] [--pause 0.0]   用当前密钥重新加密旧数据和旧封印；
                                          业务不停，可随时中断，再次运行接着做

退出码：0 完成；1 有数据无法解密（未改动）；2 配置或数据库不可用。
"""

from __future__ import annotations

from kit.runner import read_settings  # first of all: it patches the standard library

# isort: split

import argparse
import importlib
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import SQLAlchemyError

from contract.audit import Act, Action
from kit import rotation
from kit.audit import JOURNAL, cli
from kit.audit.rows import reseal_rows, seals_of
from kit.config import ConfigurationError, ServiceConfig
from kit.crypto import BadKeys, key_of, personal_data_keys, row_seal_keys
from kit.database import Database
from kit.master import WRAPPED, Master, own_master, wrap

Say = Callable[[str], object]


def main(arguments: Sequence[str] | None = None, say: Say = print) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        ended: int = chosen.act(chosen, say)
        return ended
    except ConfigurationError as error:
        print("配置无法读取：", *error.problems, sep="\n  ", file=sys.stderr)
    except BadKeys as error:
        print(f"密钥不可用：{error}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"数据库不可用：{type(error).__name__}", file=sys.stderr)
    return 2


def _new(chosen: argparse.Namespace, say: Say) -> int:
    key, master = secrets.token_bytes(16), own_master(os.environ.get("MASTER_KEY", ""))
    say(wrap(key, master) if master else key.hex())
    return 0


def _wrap(chosen: argparse.Namespace, say: Say) -> int:
    """Keys that are wrapped already stay as they are."""
    master = own_master(os.environ.get("MASTER_KEY", ""))
    if master is None:
        raise BadKeys("MASTER_KEY is not set")
    say(",".join(_wrapped(part.strip(), master) for part in os.environ.get(chosen.setting, "").split(",")))
    return 0


def _wrapped(entry: str, master: Master) -> str:
    version, _, key = entry.rpartition(":")
    told = key if key.startswith(WRAPPED) else wrap(key_of(key), master)
    return f"{version}:{told}" if version else told


def _status(chosen: argparse.Namespace, say: Say) -> int:
    active = personal_data_keys().active
    for service, settings in read_settings(chosen.services).items():
        database = Database(settings.database_url)
        for table in rotation.tables_of(_metadata(service)):
            with database.snapshot() as snapshot:
                counted = rotation.versions(snapshot, table)
            told = "，".join(f"版本{version} {number} 项" for version, number in sorted(counted.items()))
            done = not set(counted) - {active}
            say(f"{'✓' if done else '…'} {service} {table.name}：{told or '没有数据'}")
    return 0


def _rotate(chosen: argparse.Namespace, say: Say) -> int:
    unreadable = 0
    for service, settings in read_settings(chosen.services).items():
        unreadable += _rotate_service(service, settings, chosen, say)
    return 1 if unreadable else 0


def _rotate_service(service: str, settings: ServiceConfig, chosen: argparse.Namespace, say: Say) -> int:
    database, ring, unreadable, written = Database(settings.database_url), personal_data_keys(), 0, 0
    for table in rotation.tables_of(_metadata(service)):
        done = rotation.Progress(table.name)
        for _ in rotation.rotate(database, table, ring, done, chosen.batch):
            time.sleep(chosen.pause)
        unreadable, written = unreadable + done.unreadable, written + done.written
        left = f"，{done.unreadable} 行无法解密，没有改动" if done.unreadable else ""
        say(f"{'✗' if done.unreadable else '✓'} {service} {table.name}：重新加密 {done.written} 行{left}")
    sealed = reseal_rows(database, seals_of(service))
    with database.transaction() as tx:
        told = {
            "rows": written,
            "version": ring.active,
            "seals": sealed,
            "seal_version": row_seal_keys().active,
        }
        JOURNAL.add(tx, Act(cli(), Action.KEYS_ROTATED, detail=told), settings.clock.now())
    say(f"{service}：重新加密 {written} 行，重新封印 {sealed} 行，现用密钥版本 {ring.active}")
    return unreadable


def _metadata(service: str) -> object:
    return importlib.import_module(f"services.{service}.models").metadata


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kit.keys", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    acts = parser.add_subparsers(required=True, metavar="办什么")
    acts.add_parser("new", help="生成").set_defaults(act=_new)
    wrapping = acts.add_parser("wrap", help="加密保存")
    wrapping.add_argument(
        "setting", choices=("PERSONAL_DATA_KEYS", "BLIND_INDEX_KEY", "ROW_SEAL_KEYS", "QUOTE_KEYS")
    )
    wrapping.set_defaults(act=_wrap)
    for name, act in (("status", _status), ("rotate", _rotate)):
        added = acts.add_parser(name)
        added.add_argument("services", nargs="+", metavar="服务")
        added.set_defaults(act=act)
    added.add_argument("--batch", type=int, default=rotation.BATCH, help="每批行数")
    added.add_argument("--pause", type=float, default=0.0, help="每批之后歇多少秒")
    return parser


if __name__ == "__main__":
    sys.exit(main())
