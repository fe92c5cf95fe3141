"""Merchants' products: set by the shop, read by the stations."""
