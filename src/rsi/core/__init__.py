"""Frozen records in the order of the data, the protocols between the parts, the codec and the errors; standard library only."""
