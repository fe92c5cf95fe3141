"""What the refund system is told, how it gets there, and what it answers."""
