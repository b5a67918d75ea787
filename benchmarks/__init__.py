"""Measurements side by side with a peer; nothing in the product imports this."""
