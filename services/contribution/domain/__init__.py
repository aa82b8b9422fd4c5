"""Pure rules of contribution."""
