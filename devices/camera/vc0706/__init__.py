"""VC0706 and PTC08: JPEG cameras on a serial line."""
