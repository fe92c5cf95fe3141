"""How our processes talk: one MQTT session and one HTTPS client."""
