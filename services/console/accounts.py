"""工作台账号（运维人员在控制台服务所在的机器上使用）：

python -m services.console.accounts create 账号 --name 姓名 --role administrator [--pooling 450000]
python -m services.console.accounts reset 账号      忘记密码或丢失手机：重新发一次性密码，重新绑定动态口令
python -m services.console.accounts list

岗位：administrator 系统管理员 · authority 税务经办 · auditor 安全审计员 · support 热线客服
没有默认账号。一次性密码只显示这一次，首次登录必须绑定动态口令并改成自己的密码。
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from contract.errors import ContractError
from contract.staff import PROVINCE, Role
from kit.audit import Journal, cli, command_line
from kit.config import ConfigurationError, read
from kit.database import Database
from services.console.adapters.argon import Argon
from services.console.config import Config
from services.console.storage.accounts import Accounts
from services.console.storage.sessions import Refusals, Sessions
from services.console.usecases import accounts
from services.console.usecases.wiring import Wiring


@command_line
def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it was done, 1 when it was refused, 78 when the settings are wrong."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = read(Config)
    except ConfigurationError as error:
        print("配置有误：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    database = Database(settings.database_url, pool_size=2)
    wiring = Wiring(
        database, Accounts(), Sessions(), Refusals(), Argon(), Journal(), settings.clock, settings.sessions_each,
        settings.refusals_per_hour,
    )  # fmt: skip
    try:
        _act(chosen, wiring, settings.url)
    except ContractError as error:
        print(f"没有办理：{error.message}", file=sys.stderr)
        return 1
    finally:
        database.engine.dispose()
    return 0


def _act(chosen: argparse.Namespace, w: Wiring, url: str) -> None:
    if chosen.action == "list":
        with w.database.read() as connection:
            for one in w.accounts.all(connection):
                print(
                    one.account,
                    one.name,
                    one.role.label,
                    one.pooling_code,
                    one.state(w.clock.now()),
                    sep="  ",
                )
        return
    if chosen.action == "create":
        made = accounts.make_account(cli(), chosen.account, chosen.name, Role(chosen.role), chosen.pooling, w)
    else:
        made = accounts.anew(cli(), chosen.account, w)
    print(f"账号 {chosen.account} 的一次性密码：{made}")
    print(f"请打开 {url} 登录：先绑定动态口令，再设置自己的密码。")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.console.accounts", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    actions = parser.add_subparsers(dest="action", required=True)
    creating = actions.add_parser("create", help="新建账号")
    creating.add_argument("account")
    creating.add_argument("--name", required=True, help="姓名")
    creating.add_argument("--role", required=True, choices=[role.value for role in Role])
    creating.add_argument("--pooling", default=PROVINCE, help="统筹级次代码")
    actions.add_parser("reset", help="重发一次性密码").add_argument("account")
    actions.add_parser("list", help="全部账号")
    return parser


if __name__ == "__main__":
    sys.exit(main())
