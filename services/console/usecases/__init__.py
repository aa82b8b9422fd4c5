"""What staff do with their accounts."""
