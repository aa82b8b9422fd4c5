"""What the identity service does, by subject."""
