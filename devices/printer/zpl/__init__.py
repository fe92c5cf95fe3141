"""Printers that speak ZPL: Zebra and the many that imitate it."""
