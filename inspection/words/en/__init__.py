"""English, one file per subject."""
