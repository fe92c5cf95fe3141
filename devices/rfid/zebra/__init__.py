"""Zebra readers with the IoT Connector: fixed ones and sleds, over MQTT."""
