"""The only code that queries the gateway's tables."""
