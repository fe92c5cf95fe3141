"""Rows of the contract, by subject."""
