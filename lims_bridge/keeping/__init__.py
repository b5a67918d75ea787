"""Keeping: files by their content, anchors of the chains, audit, erasure, backup and restore."""
