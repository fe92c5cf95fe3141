"""Byte streams with a lifetime: serial ports, and the emulated end of one."""
