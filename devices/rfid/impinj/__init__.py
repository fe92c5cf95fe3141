"""Impinj R700 family: tag events over MQTT."""
