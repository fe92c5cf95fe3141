"""M100, QM100 and R200: the frames of YRM100, JRD-4035 and the many modules built around these chips."""
