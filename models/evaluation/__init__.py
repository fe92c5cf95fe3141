"""Measuring what the models can do: sets, protocol, metrics, and the page of figures."""
