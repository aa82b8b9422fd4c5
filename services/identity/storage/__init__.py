"""The only code that queries the identity database."""
