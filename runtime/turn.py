"""One after the other, for what several threads use and only one at a time may."""

from __future__ import annotations

from threading import Lock as Turn

__all__ = ["Turn"]
