"""Photos that a customer sent with a claim: sealed under that customer's key, and gone with it."""
