"""Learning from confirmed verdicts: the calibration of the shares and the condition head; numpy only."""
