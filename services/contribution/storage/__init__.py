"""The only code that queries contribution's tables."""
