"""What a demo is asked for, checked before anything is made: cell, tray, truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.certificates import (
    FONTS_HELP,
    LaboratoryError,
    LaboratoryFile,
    font_folder,
    read_laboratory,
)
from controller.config import ConfigError, LabConfig, config_digest, load_config
from controller.manifest import Manifest, ManifestError, read_manifest
from controller.messages import plain
from hil_sim.scenario.truth import Truth, read_truth
from metrology import load_regulation

EXAMPLES = Path(__file__).parents[2] / "examples"


class Refused(Exception):  # noqa: N818  # an answer to the person who asked, not an error of ours
    """What was asked is not possible; ``lines`` say why and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Request:
    """The options as given; None means the default."""

    manifest: Path | None = None
    config: Path | None = None
    out: Path | None = None
    seed: int = 1
    pace: float | None = None
    watch: bool = False
    as_json: bool = False
    images: bool = True
    wire: bool = False
    speed: float = 20.0
    certificates: bool = False
    laboratory: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the run goes."""
        return self.out or Path("out") / f"demo-{self.seed}"


@dataclass(frozen=True, slots=True)
class Job:
    """A demo that can be run: everything read and found good."""

    request: Request
    config: LabConfig
    manifest: Manifest
    truths: Mapping[str, Truth]
    assumed: bool
    laboratory: LaboratoryFile | None = None

    def fingerprint(self) -> str:
        """Return what must be the same for a run to be gone on with: SHA-256, hex."""
        data = [
            self.request.seed,
            config_digest(self.config),
            plain(self.manifest),
            plain(self.truths),
        ]
        text = json.dumps(data, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_job(request: Request) -> Job:
    """Read configuration, manifest and truth. Raises `Refused` with every problem at once."""
    try:
        config = load_config(request.config or EXAMPLES / "lab.toml")
    except ConfigError as error:
        raise Refused(*error.problems) from None
    wrong = tuple(_real_lines(config))
    if wrong:
        raise Refused(*wrong)
    path = request.manifest or EXAMPLES / "tray-rockwell.csv"
    holder = config.holder
    try:
        manifest = read_manifest(
            path,
            slots=config.cell.slots,
            reserved=(holder.seating.name, holder.check.name),
            regulation=load_regulation(config.cell.regulation),
        )
    except ManifestError as error:
        raise Refused(*error.problems) from None
    truth = path.with_name(f"{path.stem}.truth.csv")
    truths = _truths(truth) if truth.exists() else {}
    laboratory = _laboratory(request) if request.certificates else None
    return Job(request, config, manifest, truths, assumed=not truths, laboratory=laboratory)


def _laboratory(request: Request) -> LaboratoryFile:
    if not request.images:
        raise Refused("--certificates prints photographs: leave out --no-images")
    if font_folder() is None:
        raise Refused(FONTS_HELP)
    try:
        return read_laboratory(request.laboratory or EXAMPLES / "laboratory.toml")
    except LaboratoryError as error:
        raise Refused(*error.problems) from None


def _truths(path: Path) -> Mapping[str, Truth]:
    try:
        return read_truth(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"column {error} is missing" if isinstance(error, KeyError) else str(error)
        remedy = "columns are number,hardness,uniformity,old_marks,code,flaws; correct or remove it"
        raise Refused(f"{path}: cannot be used: {what}; {remedy}") from None


def _real_lines(config: LabConfig) -> Iterator[str]:
    """Find devices that are not in this process: a demo must not move anything real."""
    for (device, key), url in config.devices.lines():
        name = device if key == "url" else f"{device}, {key}"
        if not url.startswith("memory://"):
            yield f"[devices.{name}] {url} is a real line; a demo moves nothing: use memory://NAME"
