"""What payment does, one module per subject."""
