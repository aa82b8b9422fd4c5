"""The outside parties of contribution."""
