"""每月运维报告（只读）：缴费量、成功率、未成功原因、退费、短信、问题、容量；HTML 和 PDF，不含个人信息。

scripts/monthly-report 2026-11 [--state DIR --port N] [--full] [--output DIR] [--prometheus URL]
scripts/monthly-report 2026-11 --secrets secrets      容器部署，在容器网络内运行
退出码：0 已生成；1 数据库或 Prometheus 不应答；78 找不到系统、月份或配置有误。
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from deploy import target as targets
from deploy.monthly import report
from deploy.monthly.figures import bounds, read_month
from deploy.monthly.incidents import fired
from deploy.target import NoSuchSystem
from kit.clock import SystemClock
from kit.config import ConfigurationError


def main() -> int:
    """Write the report of a month."""
    parser = argparse.ArgumentParser(
        prog="scripts/monthly-report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("month", type=_month, metavar="YYYY-MM", help="哪一个月")
    targets.add_options(parser)
    parser.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="存放目录，默认当前目录")
    parser.add_argument("--prometheus", metavar="URL", help="从这里取告警记录")
    chosen = parser.parse_args()
    try:
        month = read_month(targets.target(chosen), chosen.month)
        if chosen.prometheus:
            month.fired = fired(chosen.prometheus, *bounds(chosen.month))
    except NoSuchSystem as error:
        print(error, file=sys.stderr)
        return 78
    except ConfigurationError as error:
        print("配置有误：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    except SQLAlchemyError as error:
        print(f"数据库不可用（{type(error).__name__}），没有生成报告", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Prometheus 不应答（{type(error).__name__}）", file=sys.stderr)
        return 1
    now, name = SystemClock().now(), chosen.output / f"monthly-report-{chosen.month:%Y-%m}"
    page, paper = name.with_suffix(".html"), name.with_suffix(".pdf")
    page.write_text(report.html(month, now), encoding="utf-8")
    paper.write_bytes(report.pdf(month, now))
    print(f"已生成 {page} 和 {paper}")
    return 0


def _month(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise argparse.ArgumentTypeError("月份写作 2026-11") from None


if __name__ == "__main__":
    sys.exit(main())
