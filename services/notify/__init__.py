"""Tells people by SMS: codes at once, reminders without fail (requirements 3.2.1.2, 3.2.1.12)."""
