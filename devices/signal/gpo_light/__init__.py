"""A stack light that is wired to the outputs of a reader."""
