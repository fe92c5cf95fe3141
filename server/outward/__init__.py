"""Calls to other people's systems, which are merchants' words: vetted, bounded, never echoed."""
