"""The hash-chained log: appended to, proven by receipts, exported whole."""
