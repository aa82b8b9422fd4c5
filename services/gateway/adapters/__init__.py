"""Outside parties of the gateway."""
