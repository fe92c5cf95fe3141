"""What leaves the building: the offline verifier, the receiver kit, the witness, labels and evidence packs."""
