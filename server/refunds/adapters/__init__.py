"""Other platforms' words for ours, one file each: pure mappings, which open no connection."""
