"""Encrypted images: a content-addressed folder, and what of it is durable."""
