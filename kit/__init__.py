"""Plumbing for every service: a closed list of modules that know the bus, the database and the clock, but no
service. See docs/architecture.md for what each gives."""
