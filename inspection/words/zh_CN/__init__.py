"""Simplified Chinese, one file per subject."""
