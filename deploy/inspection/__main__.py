"""节假日前的全面检查（只读）：主机、存储、服务、数据库、队列、证书与密钥、未完成的业务、上游、对账、备份。

scripts/inspect [--state DIR --port N] [--full] [--html FILE] [--backups DIR]
scripts/inspect --secrets secrets       容器部署，在容器网络内运行
退出码：0 全部正常；1 有需要注意的；2 有异常；78 找不到系统或配置有误。
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from deploy import target as targets
from deploy.inspection import business, expiry, hosts, page, running, stores
from deploy.inspection.findings import Level, Section
from deploy.target import NoSuchSystem, Target
from kit.clock import SystemClock
from kit.config import ConfigurationError


def main() -> int:
    """Inspect, and say it."""
    parser = argparse.ArgumentParser(
        prog="scripts/inspect", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    targets.add_options(parser)
    parser.add_argument("--html", type=Path, metavar="FILE", help="另存为一个 HTML 文件")
    parser.add_argument("--backups", type=Path, metavar="DIR", help="备份所在目录")
    chosen = parser.parse_args()
    try:
        system = targets.target(chosen)
    except NoSuchSystem as error:
        print(error, file=sys.stderr)
        return 78
    except ConfigurationError as error:
        print("配置有误：", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    sections, now = tuple(inspect(system, chosen.backups)), SystemClock().now()
    print(page.text(sections, now))
    if chosen.html:
        chosen.html.write_text(page.html(sections, now), encoding="utf-8")
        print(f"已另存为 {chosen.html}")
    return max((section.level for section in sections), default=Level.GOOD)


def inspect(system: Target, backups: Path | None) -> Iterator[Section]:
    """Section by section."""
    checks = {
        "主机": hosts.host, "存储": hosts.storage, "服务": running.services, "数据库": stores.databases,
        "消息队列": stores.queues, "事件": stores.events, "证书": expiry.certificates, "密钥": expiry.keys,
        "未完成的业务": business.backlog, "上游与短信": running.upstreams, "对账": business.reconciliation,
    }  # fmt: skip
    for title, check in checks.items():
        yield Section(title, tuple(check(system)))
    yield Section("备份", tuple(hosts.backups(backups, time.time())))


if __name__ == "__main__":
    sys.exit(main())
