"""Canonical bytes, signatures and seals: what makes a record checkable by anyone."""
