"""Readers that publish JSON of their own making over MQTT, read by paths in the settings."""
