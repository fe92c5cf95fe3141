"""The contract of the HTTP API and of the messages, made from the messages themselves."""
