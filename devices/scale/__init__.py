"""Scales on a line, in the dialects of their makers."""
