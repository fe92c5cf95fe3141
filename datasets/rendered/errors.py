"""What can go wrong with one picture; the others go on without it."""


class NoSuchSize(RuntimeError):
    """A defect did not reach its wanted size at any of the places tried."""
