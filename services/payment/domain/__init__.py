"""Rules of payment: what may become of an order and of a refund, and what must be true of their books."""
