"""What the certificate service does, by subject."""
