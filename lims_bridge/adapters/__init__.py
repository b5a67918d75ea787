"""Receivers: how each kind of LIMS is told, asked and understood."""
