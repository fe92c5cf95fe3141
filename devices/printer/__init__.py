"""Printers of labels."""
