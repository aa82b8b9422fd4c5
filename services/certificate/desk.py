"""The command line by which tax officers keep the register: void a certificate, authorise a school's operator.

    python -m services.certificate.desk void GX… --reason 缴费已退 --officer 工号
    python -m services.certificate.desk authorise 学校名称 --number 经办人身份证号码 --name 经办人 --officer 工号
    python -m services.certificate.desk end 学校编号 --officer 工号
    python -m services.certificate.desk history GX…

Reads this service's own settings. It notes the officer it is told, and the journal the account of this machine beside
it: staff have the console, and who may open a shell here may do this.
"""

from __future__ import annotations

import argparse
import sys
import uuid

from contract.certificate import CertificateNotFound
from contract.errors import ContractError
from contract.schools import School
from kit.audit import command_line
from kit.clock import china_text
from kit.config import ConfigurationError, read
from kit.database import Database
from services.certificate.config import Config
from services.certificate.storage.register import Register
from services.certificate.storage.schools import SchoolStorage
from services.certificate.usecases.desk import ACTS, operator_of
from services.certificate.usecases.issuing import void

REGISTER, SCHOOLS = Register(), SchoolStorage()


@command_line
def main(arguments: list[str] | None = None) -> int:
    """Do one thing; 0 when it was done."""
    options = _parser().parse_args(arguments)
    try:
        settings = read(Config)
        return int(options.act(options, Database(settings.database_url, 2), settings))
    except ConfigurationError as error:
        print("不能开始：", *error.problems, sep="\n  ", file=sys.stderr)
    except ContractError as error:
        print(error.message, file=sys.stderr)
    return 1


def _void(options: argparse.Namespace, database: Database, settings: Config) -> int:
    done = void(options.certificate, options.reason, options.officer, database, REGISTER, settings.clock)
    print(f"{done.number} 已作废。")
    return 0


def _authorise(options: argparse.Namespace, database: Database, settings: Config) -> int:
    school = School(str(uuid.uuid4()), options.school)
    operator = operator_of(options.name, options.number)
    with database.transaction() as tx:
        SCHOOLS.authorise(tx, school, operator, options.officer, settings.clock.now())
    print(f"已登记，学校编号 {school.school_id}。经办人登录后，“缴费证明”页面里有“学校缴费证明”。")
    return 0


def _end(options: argparse.Namespace, database: Database, settings: Config) -> int:
    with database.transaction() as tx:
        ended = SCHOOLS.end(tx, options.school, options.officer, settings.clock.now())
    print("已停止。" if ended else "没有这所学校，或者已经停止。")
    return 0 if ended else 1


def _history(options: argparse.Namespace, database: Database, settings: Config) -> int:
    with database.read() as connection:
        found = REGISTER.of_number(connection, options.certificate)
        if found is None:
            raise CertificateNotFound
        acts = REGISTER.acts(connection, found.certificate_id)
    print(f"{found.number} {found.state.label} {found.authority_name}")
    for act in acts:
        print(china_text(act.at), ACTS.get(act.act, act.act), act.actor, act.note)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="缴费证明登记簿")
    acts = parser.add_subparsers(required=True)
    voiding = acts.add_parser("void", help="作废一份证明")
    voiding.add_argument("certificate", help="证明编号")
    voiding.add_argument("--reason", required=True)
    voiding.set_defaults(act=_void)
    authorising = acts.add_parser("authorise", help="登记学校经办人")
    authorising.add_argument("school", help="学校名称")
    authorising.add_argument("--number", required=True, help="经办人身份证号码")
    authorising.add_argument("--name", required=True, help="经办人姓名")
    authorising.set_defaults(act=_authorise)
    ending = acts.add_parser("end", help="停止学校经办人")
    ending.add_argument("school", help="学校编号")
    ending.set_defaults(act=_end)
    showing = acts.add_parser("history", help="一份证明的全部经过")
    showing.add_argument("certificate", help="证明编号")
    showing.set_defaults(act=_history)
    for one in (voiding, authorising, ending):
        one.add_argument("--officer", required=True, help="工号")
    return parser


if __name__ == "__main__":
    sys.exit(main())
