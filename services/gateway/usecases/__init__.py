"""What a resident can do, by subject."""
