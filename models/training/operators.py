"""torchvision beside a torch that was built without CUDA.

A torchvision built for CUDA cannot register its own operators there and then fails on
import, because it describes two of them. Declaring these first is enough: nothing here
calls them. With a matching pair nothing has to be done.
"""

from __future__ import annotations

import functools
from types import ModuleType

import torch

_ARGUMENTS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


@functools.cache
def torchvision_models() -> ModuleType:
    """Return ``torchvision.models``; raise `ImportError` where torchvision is not installed."""
    try:
        import torchvision.models as found
    except RuntimeError as trouble:
        if "does not exist" not in str(trouble):
            raise
    else:
        return _module(found)
    _declare()
    import torchvision.models as second

    return _module(second)


_kept: list[object] = []


def _declare() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(name + _ARGUMENTS)
    # The operators last as long as the library object.
    _kept.append(library)


def _module(found: object) -> ModuleType:
    assert isinstance(found, ModuleType)
    return found
