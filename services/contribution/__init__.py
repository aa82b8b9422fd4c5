"""Enrolment, tiers and quotes (requirements 3.2.1.5, 3.2.1.6, 3.2.1.9)."""
