"""RFID readers, one folder per family, and each beside its emulator."""
