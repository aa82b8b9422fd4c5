"""The only code that queries payment's tables."""
