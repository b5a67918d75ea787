"""How long one place takes: python -m benchmarks.classifier_latency [--rounds 100].

Beside each other in one run, on two threads: torchvision's AlexNet as torch runs it (the
published system's way), and our network in the formats that it could be deployed in.
Needs torch, torchvision, onnx and onnxruntime; what is not installed is left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.card import WEIGHTS
from models.classifier import SHIPPED
from models.training.crops import Part, one_crop
from models.views import unit_views

Floats = NDArray[np.float32]
Runner = Callable[[Floats], NDArray[np.float32]]

PEER = "AlexNet 224 px, torch eager"
OURS = "ours, OpenCV fp32"
_CALIBRATION = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--crops", type=int, default=600, help="to compare the decisions on")
    args = parser.parse_args()
    cv2.setNumThreads(args.threads)
    crops = [one_crop(7, Part.TEST, number) for number in range(args.crops)]
    kinds = np.arange(args.crops) % 6
    views = unit_views(np.stack([crop.views for crop in crops]))
    ways: dict[str, Runner] = {OURS: _opencv()}
    ways |= _onnxruntime(args.threads, views[:_CALIBRATION])
    peer = _torch_peer(args.threads)
    took = _timed(ways, peer, views[:1], args.rounds)
    base = statistics.median(took[PEER]) if PEER in took else None
    answers = {name: np.concatenate([run(v[None]) for v in views]).argmax(1)
               for name, run in ways.items()}  # fmt: skip
    print(f"{'':28s} median ms   p95 ms  ratio    top-1  same as fp32")
    for name, times in took.items():
        middle = statistics.median(times)
        line = f"{name:28s} {middle:9.2f} {np.quantile(times, 0.95):8.2f}"
        line += f" {middle / base:6.3f}" if base else "      -"
        if name in answers:
            found = answers[name]
            same = (found == answers[OURS]).mean()
            line += f"  {(found == kinds).mean():6.2%}  {same:8.2%}"
        print(line)


def _timed(
    ways: dict[str, Runner], peer: Callable[[], object] | None, one: Floats, rounds: int
) -> dict[str, list[float]]:
    """Return the milliseconds of each round by way; the ways take turns."""
    runs: dict[str, Callable[[], object]] = {PEER: peer} if peer else {}
    runs |= {name: (lambda run=run: run(one)) for name, run in ways.items()}
    took: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 5):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if turn >= 5:
                took[name].append((time.perf_counter() - start) * 1e3)
    return took


def _opencv() -> Runner:
    net = cv2.dnn.readNetFromONNX(str(SHIPPED / WEIGHTS))

    def run(one: Floats) -> NDArray[np.float32]:
        net.setInput(one)
        return net.forward()

    return run


def _torch_peer(threads: int) -> Callable[[], object] | None:
    try:
        import torch

        from models.training.operators import torchvision_models
    except ImportError as lacking:
        print(f"{PEER}: left out ({lacking})")
        return None
    torch.set_num_threads(threads)
    net = torchvision_models().alexnet(weights=None, num_classes=6).eval()
    picture = torch.zeros(1, 3, 224, 224)

    def run() -> object:
        with torch.no_grad():
            return net(picture)

    return run


def _onnxruntime(threads: int, sample: Floats) -> dict[str, Runner]:
    try:
        import onnx  # noqa: F401  (its quantiser needs it)
        import onnxruntime as ort
        from onnxruntime.quantization import QuantFormat, quantize_static
    except ImportError as lacking:
        print(f"onnxruntime: left out ({lacking})")
        return {}

    class Sample:
        def __init__(self) -> None:
            self._rest = iter(sample)

        def get_next(self) -> dict[str, Floats] | None:
            one = next(self._rest, None)
            return None if one is None else {"views": one[None]}

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    found: dict[str, Runner] = {}
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "int8.onnx"
        quantize_static(
            SHIPPED / WEIGHTS, small, Sample(), quant_format=QuantFormat.QDQ, per_channel=True
        )
        for name, path in (("fp32", SHIPPED / WEIGHTS), ("int8", small)):
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            found[f"ours, onnxruntime {name}"] = _session(session)
    return found


def _session(session: object) -> Runner:
    return lambda one: session.run(None, {"views": one})[0]  # type: ignore[attr-defined]  # onnxruntime has no types


if __name__ == "__main__":
    main()
