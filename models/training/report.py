"""The page that tells how good a trained classifier is: figures, confusions, worst cases."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.confidence import Caution
from models.kinds import KINDS
from models.training.crops import Part
from models.training.scores import Score

_ZOOM: Final = 2
_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.6rem 0 1.6rem}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child{text-align:left} td.hit{background:#dcefdc} td.miss{background:#f7d9d4}
figure{display:inline-block;margin:.4rem 1rem .4rem 0} figcaption{font-size:13px;color:#555}
img{image-rendering:pixelated;display:block}
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is to be compared with: success rates.

    `ideal` is that of the ideal observer, of `crops` rendered ones; `diameter` that of who
    knows the diameter alone.
    """

    ideal: float
    crops: int
    diameter: float


@dataclass(frozen=True, slots=True)
class Wrong:
    """A crop that was taken for something else; `width_px` is how wide the indentation is."""

    views: NDArray[np.uint8]
    true: int
    seen: int
    confidence: float
    width_mm: float
    width_px: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the page."""

    made_with: Mapping[str, str | int | float]
    temperature: float
    caution: Caution
    scores: Mapping[Part, Score]
    limits: Mapping[Part, Limits]
    wrong: Mapping[Part, tuple[Wrong, ...]]

    def figures(self) -> dict[str, float]:
        """Return the figures that the model card repeats, by name."""
        found = {}
        for part, score in self.scores.items():
            found[f"{part} top-1"] = round(score.top1, 4)
            found[f"{part} decided"] = round(score.decided, 4)
            found[f"{part} right of decided"] = round(score.right_of_decided, 4)
            found[f"{part} true kind excluded"] = round(score.excluded, 4)
            found[f"{part} calibration error"] = round(score.calibration, 4)
            found[f"{part} Bayes limit"] = round(self.limits[part].ideal, 4)
        return found

    def write(self, folder: Path) -> Path:
        """Write report.html and report.json; return the page."""
        confusion = {str(p): score.confusion.tolist() for p, score in self.scores.items()}
        data = {
            "made_with": dict(self.made_with),
            "temperature": self.temperature,
            "least_confidence": self.caution.decide,
            "possible_share": self.caution.keep,
            "kinds": [str(kind) for kind in KINDS],
            "figures": self.figures(),
            "confusion": confusion,
        }
        (folder / "report.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")
        page = folder / "report.html"
        page.write_text(self._page(), "utf-8")
        return page

    def _page(self) -> str:
        settings = ", ".join(f"{key} {value}" for key, value in self.made_with.items())
        parts = "".join(self._part(part) for part in self.scores)
        return (
            f"<!doctype html><meta charset=utf-8><title>Indentation classifier</title>"
            f"<style>{_STYLE}</style><h1>Indentation classifier</h1>"
            f"<p>{html.escape(settings)}. Temperature {self.temperature}; decides from "
            f"{self.caution.decide} on; possible are kinds until they hold "
            f"{self.caution.keep:.1%} together.</p>{parts}"
        )

    def _part(self, part: Part) -> str:
        score, limits = self.scores[part], self.limits[part]
        what = (
            "lights that nothing was made with"
            if part is Part.HELD_OUT
            else "lights as in training"
        )
        return (
            f"<h2>{part}: {what}</h2><p>{score.top1:.1%} right "
            f"(95 % interval {score.low:.1%} to {score.high:.1%}, {score.confusion.sum()} crops). "
            f"Decides {score.decided:.1%} of them, {score.right_of_decided:.2%} of these rightly. "
            f"Excludes the true kind in {score.excluded:.2%}. "
            f"Calibration error {score.calibration:.3f}. Bayes limit: {limits.ideal:.2%} for who "
            f"knows the light (of {limits.crops} crops); {limits.diameter:.1%} for who knows "
            f"the diameter alone.</p>{_confusion(score)}{_gallery(self.wrong[part])}"
        )


def _confusion(score: Score) -> str:
    head = "".join(f"<th>{kind}</th>" for kind in KINDS)
    rows = "".join(
        f"<tr><th>{kind}</th>{''.join(_cell(i, j, n) for j, n in enumerate(row))}</tr>"
        for i, (kind, row) in enumerate(zip(KINDS, score.confusion.tolist(), strict=True))
    )
    return f"<table><tr><th>shown ↓ seen →</th>{head}</tr>{rows}</table>"


def _cell(row: int, column: int, count: int) -> str:
    name = "hit" if row == column else "miss" if count else ""
    return f"<td class='{name}'>{count or ''}</td>"


def _gallery(wrong: tuple[Wrong, ...]) -> str:
    if not wrong:
        return "<p>Nothing was taken for something else.</p>"
    return "<h3>Worst cases</h3>" + "".join(_figure(one) for one in wrong)


def _figure(one: Wrong) -> str:
    strip = np.concatenate([_bright(view) for view in one.views], axis=1)
    large = cv2.resize(strip, None, fx=_ZOOM, fy=_ZOOM, interpolation=cv2.INTER_NEAREST)
    png = base64.b64encode(cv2.imencode(".png", large)[1].tobytes()).decode()
    wide = f", {one.width_mm:.2f} mm ({one.width_px:.0f} px)" if one.width_mm else ""
    return (
        f"<figure><img src='data:image/png;base64,{png}' width={strip.shape[1] * _ZOOM}>"
        f"<figcaption>{KINDS[one.true]}{wide}, taken for {KINDS[one.seen]} "
        f"({one.confidence:.0%})</figcaption></figure>"
    )


def _bright(view: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a view stretched to the full range, as the network sees it: it may be dark."""
    low, high = np.percentile(view, (1, 99))
    wide = (view - low) / max(high - low, 16.0)
    bright: NDArray[np.uint8] = (255 * np.clip(wide, 0, 1)).astype(np.uint8)
    return bright
