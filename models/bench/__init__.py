"""The bench that items lie on: its calibration, its light, and where an item lies on it."""
