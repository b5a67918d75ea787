"""Whole runs: a simulated lab and the controller that works in it."""
