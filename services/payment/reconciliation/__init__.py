"""Our books, UnionPay's file and the tax core's records compared, order by order (design.md §5 rule 7)."""
