"""People behind the ledger: one key each, erasure by destroying it, holds, disclosure of a field."""
