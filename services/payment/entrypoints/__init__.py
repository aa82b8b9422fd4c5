"""Entrypoints of payment, by subject; together they are the PaymentService."""
