"""LIMS that misbehave as the real ones do, at wire level."""
