"""Events that wait for an operator: `python -m kit.parking list|show|replay SERVICE [EVENT_ID]`.

list SERVICE            what is parked: id, type, consumer, attempts, reason
show SERVICE EVENT_ID   one event with its raw message, personal fields blanked
replay SERVICE EVENT_ID try it again now; the running service picks it up within a second
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy import MetaData

from contract.audit import Act, Action
from kit.audit import JOURNAL, cli
from kit.clock import SystemClock
from kit.config import ConfigurationError
from kit.database import Database
from kit.inbox import Inbox, inbox_table
from kit.runner import read_settings
from kit.telemetry import redact


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kit.parking", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("action", choices=("list", "show", "replay"))
    parser.add_argument("service")
    parser.add_argument("event_id", nargs="?")
    chosen = parser.parse_args(arguments)
    if chosen.action != "list" and not chosen.event_id:
        parser.error(f"{chosen.action} needs an EVENT_ID")
    try:
        settings = read_settings([chosen.service])[chosen.service]
    except ConfigurationError as error:
        print("cannot read the settings:", *error.problems, sep="\n  ", file=sys.stderr)
        return 78
    database = Database(settings.database_url)
    inbox = Inbox(inbox_table(MetaData()))
    if chosen.action == "list":
        return _list(database, inbox)
    return (_show if chosen.action == "show" else _replay)(database, inbox, chosen.event_id)


def _list(database: Database, inbox: Inbox) -> int:
    with database.read() as connection:
        parked = inbox.failures(connection)
    for failure in parked:
        print(failure.event_id, failure.type, failure.consumer, f"attempts={failure.attempts}",
              f"since={failure.changed_at.isoformat(timespec='seconds')}", failure.reason, sep="  ")  # fmt: skip
    print(f"{len(parked)} parked")
    return 0


def _show(database: Database, inbox: Inbox, event_id: str) -> int:
    with database.read() as connection:
        found = inbox.find(connection, event_id)
    for failure in found:
        print(f"{failure.type} for {failure.consumer}: {failure.state}, attempts={failure.attempts}")
        print(f"reason: {failure.reason}")
        print(redact(failure.raw))
    if not found:
        print(f"no failed event {event_id}", file=sys.stderr)
    return 0 if found else 1


def _replay(database: Database, inbox: Inbox, event_id: str) -> int:
    with database.transaction() as tx:
        now = SystemClock().now()
        replayed = inbox.replay(tx, event_id, now)
        if replayed:
            JOURNAL.add(
                tx,
                Act(cli(), Action.PARKED_REPLAYED, f"event:{event_id}", detail={"consumers": replayed}),
                now,
            )
    print(f"{replayed} consumers will try {event_id} again")
    return 0 if replayed else 1


if __name__ == "__main__":
    sys.exit(main())
