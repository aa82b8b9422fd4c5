"""The only code that queries the certificate database."""
