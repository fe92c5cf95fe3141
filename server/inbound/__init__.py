"""Webhooks of others: admitted by their signature over the raw body, and parsed only then."""
