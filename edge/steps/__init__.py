"""The steps of one item over the bench, each a few small functions."""
