"""Barcode scanners that play a keyboard."""
