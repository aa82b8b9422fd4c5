"""`scripts/deploy-test`: the product in containers, scaled, killed, clustered, lost and restored, on a real engine."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.process import free_base
from tests.chaos.person import GaveUp
from tests.deploy import seen, trials
from tests.deploy.engine import EngineFailed
from tests.deploy.findings import Findings
from tests.deploy.load import MEANWHILE, Townsfolk
from tests.deploy.stack import CLUSTER, SINGLE, Stack, resolve_as_browsers_do
from tests.deploy.staff import ConsoleFailed

_SINGLE = ("journey", "observing", "scaling", "stops", "kills", "restoring")
_CLUSTER = ("cluster", "cluster-restoring")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/deploy-test", description=__doc__)
    parser.add_argument(
        "--payments",
        type=int,
        default=1000,
        help="payments of the cluster's trial (1000); others take a fifth",
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="whose journeys they are")
    parser.add_argument("--only", choices=_SINGLE + _CLUSTER, action="append", help="only these trials")
    parser.add_argument(
        "--keep", action="store_true", help="leave the containers running when something was wrong"
    )
    asked = parser.parse_args()
    found = Findings(_say)
    resolve_as_browsers_do()
    wanted = asked.only or [*_SINGLE, *_CLUSTER]
    fewer = max(20, asked.payments // 5)
    acts: dict[str, Callable[[Stack, Townsfolk], None]] = {
        "journey": lambda stack, folk: _first(stack, folk, found),
        "observing": lambda stack, folk: seen.observing(stack, folk, found),
        "scaling": lambda stack, folk: trials.scaling(stack, folk, found),
        "stops": lambda stack, folk: trials.stops(stack, folk, found),
        "kills": lambda stack, folk: trials.kills(stack, folk, found, fewer),
        "restoring": lambda stack, folk: trials.restoring(stack, folk, found, fewer),
        "cluster": lambda stack, folk: trials.losses(stack, folk, found, asked.payments),
        "cluster-restoring": lambda stack, folk: trials.restoring(stack, folk, found, fewer // 2),
    }
    for files, names in ((SINGLE, _SINGLE), (CLUSTER, _CLUSTER)):
        chosen = [name for name in names if name in wanted]
        if not chosen:
            continue
        try:
            with _running(files, found, asked.keep) as stack:
                folk = Townsfolk(stack, asked.seed, 2 * MEANWHILE + 2 * asked.payments)
                for name in chosen:
                    acts[name](stack, folk)
        except (EngineFailed, ConsoleFailed, GaveUp) as error:
            found.check(False, f"{type(error).__name__}: {error}")
    _say(f"FAILED: {len(found.wrong)}; seed {asked.seed}" if found.wrong else "PASSED")
    return 1 if found.wrong else 0


@contextmanager
def _running(files: tuple[str, ...], found: Findings, keep: bool) -> Iterator[Stack]:
    directory = Path(tempfile.mkdtemp(prefix="contribution-deploy-"))
    stack = Stack(directory, directory.name.replace("_", "").lower(), files, free_base())
    os.environ["REQUESTS_CA_BUNDLE"] = str(directory / "authority" / "ca.crt")
    found.say(f"{' + '.join(files)} from nothing, as {stack.project.name}")
    try:
        found.seconds("up, migrated, and all can work", stack.up)
        yield stack
    finally:
        if not (keep and found.wrong):
            stack.down()


def _first(stack: Stack, folk: Townsfolk, found: Findings) -> None:
    trials.journey(stack, folk, found)
    seen.locked_in(stack, found)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
