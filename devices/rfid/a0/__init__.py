"""A0: the frames of Invelion YR901x, IND903 and other readers around the Impinj R2000 chip."""
