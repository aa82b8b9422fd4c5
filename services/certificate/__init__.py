"""Issues sealed contribution certificates (requirement 3.2.1.16)."""
