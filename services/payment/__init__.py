"""Orders, UnionPay, and what became of the money (requirements 3.2.1.5–3.2.1.6, design.md §5)."""
