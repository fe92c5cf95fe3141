"""Cameras: each takes one named view of the bench."""
