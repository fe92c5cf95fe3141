"""What is shipped as it is: one file for auditors, in evidence packs, and one for refund systems."""
