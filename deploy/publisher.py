"""Makes the account and the key of another tax system that is to publish events: `python -m deploy.publisher NAME`.

It changes nothing: it prints what RabbitMQ imports, what payment is told, and what the other system gets.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets

from deploy.broker import PUBLISHER, definitions
from deploy.environment import VHOST


def account_of(name: str, password: str) -> dict[str, object]:
    """RabbitMQ's import file for one publisher: it may write these events to the exchange, and nothing else."""
    made = definitions({PUBLISHER + name: password})
    return {part: made[part] for part in ("users", "permissions", "topic_permissions")}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.publisher", description=__doc__)
    parser.add_argument("name", help="小写字母、数字和 -，例如 wechat-city")
    name = parser.parse_args(arguments).name
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        parser.error("名称只能用小写字母、数字和 -")
    password, key = secrets.token_hex(24), secrets.token_hex(32)
    print(f"1. 存为 {name}.json，执行 rabbitmqctl import_definitions {name}.json：")
    print(json.dumps(account_of(name, password), indent=2))
    print(f"\n2. 加到 payment 的 PUBLISHER_KEYS（逗号分隔），重启 payment：\n/{name}={key}")
    print(f"\n3. 经安全渠道交给对方：\n账号 {PUBLISHER}{name}\n密码 {password}\n虚拟主机 {VHOST}")
    print(f"source /{name}\n人员标识密钥 {key}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
