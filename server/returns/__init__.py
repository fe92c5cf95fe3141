"""Expected units and parcels: what the shop agreed to take back and what has arrived."""
