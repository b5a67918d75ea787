"""A whole training: render, learn, calibrate, compare with the limits, report, export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from torch import nn

from models.confidence import Caution, Doubles, probabilities
from models.training.alexnet import alexnet
from models.training.bayes import by_diameter_alone, ideal_error
from models.training.calibration import possible_share, temperature, threshold
from models.training.crops import Crops, Part, joined, load, one_crop, render_missing
from models.training.exporting import export
from models.training.fitting import fit, logits
from models.training.report import Limits, Report, Wrong
from models.training.scores import score, worst

ERROR_OF_DECIDED: Final = 0.005
"""Share of wrong decisions that is allowed among those of sufficient confidence."""
WRONGLY_EXCLUDED: Final = 0.005
"""Share of indentations of which the true kind may be excluded: each may cost a question."""
_WORST: Final = 24
_PER_STATION_CROP: Final = 12
"""Of so many crops one more is of the simulated station."""
_CALIBRATED: Final = (Part.CALIBRATE, Part.CHOOSE)
_TRIED: Final = (Part.TEST, Part.HELD_OUT)


@dataclass(frozen=True, slots=True)
class Request:
    """What to train: crops, epochs, seed, threads; `weights` to start from; where to put it."""

    out: Path
    seed: int
    crops: int
    tests: int
    epochs: int
    threads: int
    limit_crops: int
    weights: Path | None
    into: Path | None

    @property
    def made_with(self) -> dict[str, str | int | float]:
        """The settings as the card and the report tell them."""
        start = "given weights" if self.weights else "from scratch"
        return {
            "network": "torchvision AlexNet, batch-normalised, averaged, one linear layer",
            "start": start,
            "seed": self.seed,
            "crops": self.crops,
            "epochs": self.epochs,
            "torch": str(torch.__version__),
        }

    def counts(self) -> dict[Part, int]:
        """Return how many crops each part has."""
        few = dict.fromkeys(Part, self.tests)
        return {**few, Part.TRAIN: self.crops, Part.STATION: self.crops // _PER_STATION_CROP}


def train(request: Request, console: Console) -> Path:
    """Do everything that is not done yet; return the report's page.

    Raise `ValueError` if `request.out` holds another training, `WeightsError` if the given
    weights do not fit.
    """
    torch.set_num_threads(request.threads)
    torch.manual_seed(request.seed)
    net = alexnet(request.weights)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        parts = _rendered(request, bar)
        _learn(request, net, joined([parts[Part.TRAIN], parts[Part.STATION]]), bar)
        report = _tried(request, net, parts, bar)
    page = report.write(request.out)
    if request.into is not None:
        export(
            net,
            request.into,
            temperature=report.temperature,
            caution=report.caution,
            made_with=request.made_with,
            scores=report.figures(),
        )
    return page


def _rendered(request: Request, bar: Progress) -> dict[Part, Crops]:
    folder = request.out / "crops"
    counts = request.counts()
    task = bar.add_task("rendering", total=sum(counts.values()))
    for part, count in counts.items():
        for more in render_missing(folder, request.seed, part, count):
            bar.advance(task, more)
    bar.update(task, completed=sum(counts.values()))
    return {part: load(folder, request.seed, part, count) for part, count in counts.items()}


def _learn(request: Request, net: nn.Module, crops: Crops, bar: Progress) -> None:
    task = bar.add_task("learning", total=request.epochs)
    keep = request.out / "checkpoint.pt"
    for done in fit(net, crops, epochs=request.epochs, seed=request.seed, keep=keep):
        bar.update(task, completed=done.epoch, description=f"learning (loss {done.loss:.3f})")


def _tried(request: Request, net: nn.Module, parts: dict[Part, Crops], bar: Progress) -> Report:
    # The warier of both: what is true of the lights learnt under promises too much elsewhere.
    told = {part: logits(net, parts[part]) for part in _CALIBRATED}
    cool = max(temperature(told[part], parts[part].kinds) for part in _CALIBRATED)
    known = [(probabilities(told[part], cool), parts[part].kinds) for part in _CALIBRATED]
    caution = Caution(
        max(threshold(*one, ERROR_OF_DECIDED) for one in known),
        max(possible_share(*one, WRONGLY_EXCLUDED) for one in known),
    )
    sure = {part: probabilities(logits(net, parts[part]), cool) for part in _TRIED}
    task = bar.add_task("Bayes limit", total=len(_TRIED) * request.limit_crops)
    return Report(
        request.made_with,
        cool,
        caution,
        {part: score(sure[part], parts[part], caution) for part in _TRIED},
        {part: _limits(request, part, bar, task) for part in _TRIED},
        {part: _wrong(sure[part], parts[part]) for part in _TRIED},
    )


def _limits(request: Request, part: Part, bar: Progress, task: TaskID) -> Limits:
    errors = []
    for number in range(request.limit_crops):
        errors.append(ideal_error(one_crop(request.seed, part, number)))
        bar.advance(task)
    return Limits(1 - float(np.mean(errors)), len(errors), by_diameter_alone())


def _wrong(sure: Doubles, crops: Crops) -> tuple[Wrong, ...]:
    return tuple(
        Wrong(
            crops.views[i],
            int(crops.kinds[i]),
            int(sure[i].argmax()),
            float(sure[i].max()),
            float(crops.diameters_mm[i]),
            float(crops.diameters_px[i]),
        )
        for i in worst(sure, crops, _WORST)
    )
