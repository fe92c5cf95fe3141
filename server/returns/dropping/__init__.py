"""Files that old systems drop into a folder: taken once, read as a stream, put where their end is told."""
