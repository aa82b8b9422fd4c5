"""Benches: each measures our system beside a baseline in one run, prints its figures, and fails when its goal is
missed. `scripts/bench` lists them."""
