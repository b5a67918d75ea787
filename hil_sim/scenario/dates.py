"""The nominal date of simulated runs, so that the same seed gives the same journal."""

from datetime import UTC, datetime

DEMO_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
