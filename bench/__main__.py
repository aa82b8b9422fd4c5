"""`scripts/bench` lists the benches, `scripts/bench NAME` runs one."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

BENCHES = (
    "rpc", "placement", "notify", "limiter", "reconcile", "export", "sms", "growth", "certificate", "ocr",
    "pages", "rotate",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHES)
    parser.add_argument("--seconds", type=int, default=8, help="how long each round measures")
    parser.add_argument("--rounds", type=int, default=3, help="how often the sides alternate")
    parser.add_argument("--orders", type=int, help="growth (5,000,000), rotate (500,000): how many there are")
    parser.add_argument("--images", type=int, default=100, help="ocr: photos in each tier")
    parser.add_argument("--seed", type=int, default=1, help="ocr: which photos")
    chosen = parser.parse_args()
    if chosen.name is None:
        for name in BENCHES:
            doc = importlib.import_module(f"bench.{name}").__doc__ or ""
            print(f"{name:12}{doc.splitlines()[0]}")
        return 0
    bench = importlib.import_module(f"bench.{chosen.name}")
    if chosen.name == "ocr":
        return 0 if bench.run(chosen.images, chosen.seed) else 1
    more = {"orders": chosen.orders} if chosen.orders else {}
    return 0 if bench.run(chosen.seconds, chosen.rounds, **more) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
