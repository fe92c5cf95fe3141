"""Which tags are near, at which place each is, and which one lies on the bench."""
