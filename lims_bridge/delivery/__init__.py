"""Delivery: what became true here reaches who must know, once, in order, whatever dies."""
