"""What the console needs of the world outside."""
