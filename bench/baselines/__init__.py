"""What our placement is measured against. Both keep the same order row, with the same encryption, in the same
PostgreSQL, open the same sealed quote, look the session up, and sign the same UnionPay address."""
