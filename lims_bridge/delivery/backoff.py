"""When to try again: exponentially later, and at a random moment, so that senders spread out."""

from __future__ import annotations

from dataclasses import dataclass

from runtime import stream


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: a random part of ``base_s`` doubled with every attempt, ``cap_s`` at most."""

    base_s: float = 2.0
    cap_s: float = 900.0
    seed: int = 0

    def delay_s(self, name: str, attempt: int) -> float:
        """Return the seconds to wait after attempt number ``attempt`` (from 1)."""
        # 2**1024 is no float any more; no cap is that large.
        longest = min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 60))
        return longest * stream(self.seed, "backoff", name, str(attempt)).random()
