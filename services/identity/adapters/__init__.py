"""The outside parties of identity."""
