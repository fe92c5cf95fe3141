"""Stations, their keys and health, the inspectors, and the worklist they all work from."""
