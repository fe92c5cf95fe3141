"""The centre: ingest, catalogue, returns, ledger, refunds, quality, people and the console."""
