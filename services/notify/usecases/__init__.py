"""What the notify service does, one module per subject."""
