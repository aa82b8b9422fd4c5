"""Entrypoints of contribution, by subject; together they are the ContributionService."""
