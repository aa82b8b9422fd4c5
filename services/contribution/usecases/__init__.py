"""What contribution does, by subject."""
