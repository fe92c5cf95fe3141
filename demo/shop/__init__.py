"""A small shop with refunds: what a refund system beside Regrade looks like, with faults on purpose."""
