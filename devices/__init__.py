"""Sensing and signalling: readers, scanners and cameras, each beside its emulator."""
