"""Small convolutional nets, run by plain numpy: no state, no threads of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_AT_ONCE = 64
"""As many close-ups at a time as keep the patches in the processor's cache."""

_SMALL = 2**18
"""Multiplications up to which OpenBLAS, which numpy brings, stays on one thread."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 3 × 3 convolution with a border of zeros, then max(0, x).

    `weight` has the shape (9 · channels in, channels out), rows by row, column, channel.
    """

    weight: Floats
    bias: Floats
    stride: int

    def __call__(self, x: Floats) -> Floats:
        """Return what becomes of pictures of the shape (n, rows, columns, channels)."""
        n, rows, columns, channels = x.shape
        padded = np.zeros((n, rows + 2, columns + 2, channels), np.float32)
        padded[:, 1:-1, 1:-1] = x
        s = self.stride
        high, wide = -(-rows // s), -(-columns // s)
        patches = np.empty((n, high, wide, 9, channels), np.float32)
        for k in range(9):
            top, left = divmod(k, 3)
            patches[:, :, :, k] = padded[:, top : top + rows : s, left : left + columns : s]
        flat = product(patches.reshape(n * high * wide, 9 * channels), self.weight)
        flat += self.bias
        np.maximum(flat, 0, out=flat)
        return flat.reshape(n, high, wide, -1)


@dataclass(frozen=True, slots=True)
class Net:
    """Convolutions, one hidden layer, and a linear one; `more` numbers join before the hidden."""

    layers: tuple[Convolution, ...]
    hidden: Floats
    hidden_bias: Floats
    last: Floats
    last_bias: Floats

    def __call__(self, pictures: Floats, more: Floats) -> Floats:
        """Return the answers (n, outputs) for pictures (n, rows, columns, channels)."""
        parts = [
            self._some(pictures[i : i + _AT_ONCE], more[i : i + _AT_ONCE])
            for i in range(0, len(pictures), _AT_ONCE)
        ]
        nothing = np.zeros((0, len(self.last_bias)), np.float32)
        return np.concatenate(parts) if parts else nothing

    def _some(self, x: Floats, more: Floats) -> Floats:
        for layer in self.layers:
            x = layer(x)
        flat = np.concatenate([x.reshape(len(x), -1), more], axis=1)
        hidden = np.maximum(product(flat, self.hidden) + self.hidden_bias, 0)
        return np.asarray(product(hidden, self.last) + self.last_bias, np.float32)


def product(x: Floats, weight: Floats) -> Floats:
    """Return the matrix product, in so small parts that BLAS starts no threads.

    Its threads wait by spinning: on a busy machine they cost ten times what they do.
    """
    rows, columns = x.shape
    part = max(1, _SMALL // (columns * weight.shape[1]))
    whole = rows // part * part
    answer = np.empty((rows, weight.shape[1]), np.float32)
    stacked = x[:whole].reshape(-1, part, columns)
    np.matmul(stacked, weight, out=answer[:whole].reshape(-1, part, weight.shape[1]))
    np.matmul(x[whole:], weight, out=answer[whole:])
    return answer


def net_of(arrays: Mapping[str, NDArray[np.float16]], name: str) -> Net:
    """Return the net whose arrays are called `name.…`; weights are kept in half precision."""

    def get(what: str) -> Floats:
        return arrays[f"{name}.{what}"].astype(np.float32)

    strides = get("strides").astype(int).tolist()
    layers = tuple(
        Convolution(get(f"conv{k}.weight"), get(f"conv{k}.bias"), stride)
        for k, stride in enumerate(strides)
    )
    head = [get(f"{part}.{what}") for part in ("hidden", "last") for what in ("weight", "bias")]
    return Net(layers, *head)
