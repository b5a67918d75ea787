"""The digital calibration certificate (DCC 3.3.0 of PTB): the record for machines, signed."""
