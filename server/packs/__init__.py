"""Evidence packs of single returns: what the ledger holds of one, opened as far as the caller may see."""
