"""A carrier in one process: pick-ups, parcels on their way, and everything that goes wrong there."""
