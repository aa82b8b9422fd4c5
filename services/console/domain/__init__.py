"""Rules of accounts, passwords, second factors and sessions."""
