"""Tell the service manager how we are: sd_notify(3) in the standard library.

The protocol is one datagram of ``NAME=value`` lines to the Unix socket that the
environment names. Nothing is told, and nothing fails, where nobody listens.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Notifier:
    """Sends states to ``address``; ``watchdog_s`` is how long the manager waits between pets, s.

    An empty address: nobody listens. ``watchdog_s`` 0: nobody waits for us.
    """

    address: str = ""
    watchdog_s: float = 0.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], pid: int) -> Notifier:
        """Read what the manager put into the environment of the process ``pid``."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return cls()
        ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        period = environ.get("WATCHDOG_USEC", "")
        watchdog_s = int(period) / MICRO if ours and period.isascii() and period.isdigit() else 0.0
        return cls(address, watchdog_s)

    def tell(self, **states: str | int) -> bool:
        """Send states, for example ``READY=1``; return whether somebody took them.

        Never waits and never raises: a manager that is away must not stop a cell.
        """
        if not self.address:
            return False
        text = "\n".join(f"{name}={_one_line(value)}" for name, value in states.items())
        # A name that begins with @ lies in the abstract namespace: a zero byte on the wire.
        address = "\0" + self.address[1:] if self.address[0] == "@" else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
            wire.setblocking(False)
            try:
                wire.sendto(text.encode(), address)
            except OSError:
                return False
        return True


def _one_line(value: str | int) -> str:
    return " ".join(str(value).split())
