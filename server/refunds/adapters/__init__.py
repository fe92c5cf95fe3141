"""Other platforms' words for ours: gateways that ask through a caller they are given, and pure mappings."""
