"""What the information library answers: frozen records, independent of tables and sessions.

Lengths in mm, times in UTC, dwell and loading in ms, hardness in the unit of the scale.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

ReadingState = Literal["intended", "confirmed", "voided", "doubted", "not-happened"]


class RunKey(NamedTuple):
    """Names one verification: the tray's acceptance and the block on it."""

    tray_seq: int
    block: str


class View(BaseModel):
    """The root: frozen, read from a table row."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class TrayView(View):
    """One acceptance of a tray; ``finished_at`` is empty while it is being worked on."""

    seq: int
    at: datetime
    name: str
    regulation: str
    finished_at: datetime | None
    passed: int | None
    failed: int | None
    refused: int | None


class RunView(View):
    """One verification of one block on one tray, as ordered, and its refusal if it was refused."""

    tray_seq: int
    block_id: str
    slot: int
    scale: str
    shape: str
    width_mm: float
    depth_mm: float
    identified_by: str | None
    refusal: str | None
    sent_to: str | None

    @property
    def key(self) -> RunKey:
        """Return what `repository.readings` asks for."""
        return RunKey(self.tray_seq, self.block_id)


class ReadingView(View):
    """One indentation; the values are those of the record as published."""

    seq: int
    at: datetime
    block_id: str
    tray_seq: int | None
    duty_seq: int | None
    op: str
    position: int
    x_mm: float
    y_mm: float
    scale: str
    tag: int
    attempt: int
    state: ReadingState
    settled_seq: int | None
    settled_at: datetime | None
    hardness: Decimal | None
    number: int | None
    raw: str | None
    received: datetime | None
    preliminary_dwell_ms: int | None
    loading_ms: int | None
    total_dwell_ms: int | None
    total_force_n: Decimal | None
    recovered: bool | None
    reason: str | None

    @property
    def valid(self) -> bool:
        """Say whether this reading counts."""
        return self.state == "confirmed"

    @property
    def void(self) -> bool:
        """Say whether the position was spent without a valid reading; ``reason`` says why."""
        return self.state == "voided"


class VerdictView(View):
    """The judgement on a block."""

    seq: int
    at: datetime
    block_id: str
    tray_seq: int | None
    mean: Decimal
    value: Decimal
    uniformity: Decimal
    uniformity_limit: Decimal
    passed: bool
    provisional: bool
    reason: str
    expanded_uncertainty: Decimal
    regulation: str
    budget: tuple[tuple[str, Decimal], ...] = ()


class EnvironmentView(View):
    """Temperature (°C) and relative humidity (%) at a block."""

    seq: int
    at: datetime
    block_id: str
    tray_seq: int | None
    temperature_c: Decimal
    humidity_pct: Decimal


class PictureView(View):
    """A picture of the test face by its SHA-256, with the digest of its calibration."""

    seq: int
    at: datetime
    block_id: str
    tray_seq: int | None
    purpose: Literal["before", "after", "doubt"]
    sha256: str
    marks: int
    calibration: str = ""


class CheckView(View):
    """How a check of the fixed holder came out."""

    seq: int
    at: datetime
    duty_seq: int | None
    block_id: str
    mean: Decimal
    certified: Decimal
    deviation: Decimal
    deviation_limit: Decimal
    good: bool


class SizingView(View):
    """What the sizing stage read: the code on the block (None: unreadable) and its size."""

    seq: int
    at: datetime
    block_id: str
    tray_seq: int | None
    code: str | None
    thickness_mm: Decimal
    width_mm: Decimal
    depth_mm: Decimal


class SessionView(View):
    """One life of the daemon: what program and configuration made the records after it."""

    seq: int
    at: datetime
    number: int
    program: str
    config: str


class DutyView(View):
    """Indentations due on a block of the holder."""

    seq: int
    at: datetime
    name: str
    kind: Literal["seating", "opening-check", "closing-check"]
    block_id: str
    needed: int
    cause: str


class QuestionView(View):
    """A decision asked for, and its answer once there is one."""

    seq: int
    at: datetime
    name: str
    kind: str
    block_id: str | None
    op: str
    text: str
    options: tuple[str, ...]
    default_option: str
    deadline: datetime | None
    picture: str
    answered_at: datetime | None
    chosen: str | None
    answered_by: str | None


class RunHistory(View):
    """A run with everything found out in it, in journal order."""

    tray: TrayView
    run: RunView
    readings: tuple[ReadingView, ...]
    verdicts: tuple[VerdictView, ...]
    environment: tuple[EnvironmentView, ...]
    pictures: tuple[PictureView, ...]


class DutyHistory(View):
    """A seating or check with its indentations, and how it came out if it was a check."""

    duty: DutyView
    readings: tuple[ReadingView, ...]
    verdict: CheckView | None


class Dossier(View):
    """Everything a document about one run rests on; ``session`` is the one that judged it."""

    history: RunHistory
    sizings: tuple[SizingView, ...]
    session: SessionView | None
    duties: tuple[DutyHistory, ...]
