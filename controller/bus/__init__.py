"""The bus between the daemon and whoever looks on or gives commands: see docs/decisions/0005."""

from controller.bus.address import Address, BusError, address_in
from controller.bus.client import BusClient, NoDaemonError
from controller.bus.core import Bus, Desk, Feed, Handler, View
from controller.bus.local import LocalBus, Subscription
from controller.bus.wire import ZmqBus

__all__ = [
    "Address",
    "Bus",
    "BusClient",
    "BusError",
    "Desk",
    "Feed",
    "Handler",
    "LocalBus",
    "NoDaemonError",
    "Subscription",
    "View",
    "ZmqBus",
    "address_in",
]
