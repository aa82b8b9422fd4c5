"""Typesetting, seals, validation, and the seal platform."""
