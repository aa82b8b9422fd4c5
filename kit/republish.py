"""Publishes events again that a broker may have lost with its disk: `python -m kit.republish SERVICE… --since TIME`.

For after a restore: what consumers had handled their inboxes drop.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence

import sqlalchemy
from sqlalchemy import MetaData

from kit.config import ConfigurationError
from kit.database import Database
from kit.outbox import Outbox, outbox_table
from kit.runner import read_settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kit.republish", description=__doc__)
    parser.add_argument("services", nargs="+")
    parser.add_argument(
        "--since", required=True, type=dt.datetime.fromisoformat, help="2026-11-26T08:00:00+08:00"
    )
    chosen = parser.parse_args(arguments)
    if chosen.since.tzinfo is None:
        parser.error("--since needs a time zone")
    try:
        settings = read_settings(chosen.services)
    except ConfigurationError as error:
        print("cannot read the settings:", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    for name, own in settings.items():
        if own.database_url and (again := republish(Database(own.database_url), chosen.since)):
            print(f"{name}: {again} events are published again")
    return 0


def republish(database: Database, since: dt.datetime) -> int:
    """Let the relay publish every event made since then once more; returns how many there are."""
    with database.transaction() as tx:
        if not sqlalchemy.inspect(tx).has_table("outbox"):
            return 0
        return Outbox(outbox_table(MetaData()), "").publish_again(tx, since)


if __name__ == "__main__":
    sys.exit(main())
