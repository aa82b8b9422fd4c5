"""UnionPay (ChinaUMS netpay) on both of its routes, protocols section 1."""
