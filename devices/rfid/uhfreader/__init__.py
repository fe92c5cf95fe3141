"""UHFReader18 and 288: the frames of Chafon CF-RU5102 and its many relatives."""
