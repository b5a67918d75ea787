"""A sizing stage out of any gauge and any code reader."""

from __future__ import annotations

from drivers.interfaces import CodeReader, Done, Gauge, Outcome, Sized


class ComposedSizing:
    """Implements `SizingStage`: the gauge first, then the reader, on the block that stands there.

    A part that fails makes the whole fail: a reader that does not answer is no
    unreadable code.
    """

    def __init__(self, gauge: Gauge, reader: CodeReader) -> None:
        self._gauge = gauge
        self._reader = reader

    async def measure(self) -> Outcome[Sized]:
        """Measure and read the block that stands there; repeatable."""
        sized = await self._gauge.dimensions()
        if not isinstance(sized, Done):
            return sized
        code = await self._reader.read_code()
        if not isinstance(code, Done):
            return code
        size = sized.value
        return Done(Sized(size.thickness_mm, size.width_mm, size.depth_mm, code.value))
