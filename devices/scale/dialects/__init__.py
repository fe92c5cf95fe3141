"""One module per dialect: how its lines look, and what it is asked."""
