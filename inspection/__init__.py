"""The domain of returns inspection, pure: no clock, no network, no file."""
