"""Clock, chance, deadlines, the virtual-time loop, memory, turns of threads and `offload()`."""

from runtime.clock import Clock
from runtime.deadline import DeadlineError, within
from runtime.memory import give_back_memory
from runtime.offload import offload, offload_and_tell
from runtime.seeds import stream, unique_id
from runtime.turn import Turn
from runtime.virtual import DeadlockError, VirtualLoop, run_virtual
from runtime.wall import utc_now

__all__ = [
    "Clock",
    "DeadlineError",
    "DeadlockError",
    "Turn",
    "VirtualLoop",
    "give_back_memory",
    "offload",
    "offload_and_tell",
    "run_virtual",
    "stream",
    "unique_id",
    "utc_now",
    "within",
]
