"""A virtual warehouse: emulated devices, stations, the centre and a small shop."""
