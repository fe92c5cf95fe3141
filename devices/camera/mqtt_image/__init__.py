"""Cameras that publish their pictures over MQTT."""
