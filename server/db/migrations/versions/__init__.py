"""One module per change of the tables, in their order."""
