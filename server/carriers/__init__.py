"""Carriers: what they tell of parcels, and pick-ups that are booked with them."""
