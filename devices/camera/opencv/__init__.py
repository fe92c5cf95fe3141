"""USB and network cameras, grabbed by OpenCV."""
