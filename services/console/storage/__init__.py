"""The only code that queries the console's tables."""
