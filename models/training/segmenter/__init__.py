"""Training of the typed defect segmenter: drawn defects, samples, network, losses, calibration, export."""
