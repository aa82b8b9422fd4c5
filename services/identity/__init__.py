"""Who is using the system: SMS-code login (requirement 3.2.1.2)."""
