"""`dataclasses.replace` for what is folded: thousands of times an hour, of some forty fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

__all__ = ["replace"]

# What may be replaced is checked as of the original.
if TYPE_CHECKING:
    from dataclasses import replace
else:
    import dataclasses

    def replace(old: T, /, **changes: Any) -> T:  # noqa: ANN401  as of the original
        """Return a copy with other values; what has no slots is copied as it is, not made anew.

        Only for classes that compute nothing when they are made. Raises TypeError for a
        field that there is not.
        """
        kept = getattr(old, "__dict__", None)
        if kept is None:
            return dataclasses.replace(old, **changes)
        if not changes.keys() <= kept.keys():
            raise TypeError(f"{type(old).__name__} has no {changes.keys() - kept.keys()}")
        new = object.__new__(type(old))
        new.__dict__.update(kept, **changes)
        return new
