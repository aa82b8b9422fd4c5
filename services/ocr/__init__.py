"""Reads ID cards from photos (requirement 3.2.1.3)."""
