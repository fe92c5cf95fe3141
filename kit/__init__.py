"""What leaves the building: offline verifier, receiver kit, witness, labels and evidence packs."""
