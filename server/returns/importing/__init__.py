"""Returns as other systems tell of them: pure mappings into units, and what is done with those."""
