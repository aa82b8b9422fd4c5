"""UnionPay's open platform (ChinaUMS netpay), protocols section 1."""
