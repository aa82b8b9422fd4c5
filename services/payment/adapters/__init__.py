"""The outside parties of payment."""
