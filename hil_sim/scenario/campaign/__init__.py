"""Campaigns: simulated lab time with faults, many seeds, every promise watched."""
