"""RDM6300: the frames of the 125 kHz modules that read EM4100 cards and fobs."""
