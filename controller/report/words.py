"""Events in words, for people: what the journal shows and the live view lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller import events as e
from controller.events import AnyEvent

QUIET = frozenset({"ArmMoved", "ClimateRead", "EpochClaimed", "TransferConfirmed"})
"""Kinds that happen all the time and tell a person little."""


def describe(event: AnyEvent) -> str:
    """Return one line saying what happened; the mere name of an event without words."""
    words = _WORDS.get(type(event))
    return words(event) if words else type(event).__name__


def _indented(event: e.IndentConfirmed) -> str:
    late = ", found after a restart" if event.recovered else ""
    return f"{event.op}: reading {event.hardness} (record {event.number}){late}"


def _intended(event: e.IndentIntended) -> str:
    what = f" for {event.duty}" if event.duty else ""
    where = f"({event.x:+.2f}, {event.y:+.2f}) mm"
    return f"{event.op}: about to indent {event.block}{what}, position {event.position + 1} {where}"


def _sized(event: e.BlockSized) -> str:
    size = f"{event.width_mm} x {event.depth_mm} x {event.thickness_mm} mm"
    return f"{event.block}: label reads {event.code or 'nothing'}, {size}"


def _judged(event: e.Judged) -> str:
    word = "pass" if event.passed else "FAIL"
    mark = ", provisional" if event.provisional else ""
    figures = f"mean {event.mean}, uniformity {event.uniformity}, limit {event.limit}"
    return f"{event.block}: {word} ({figures}{mark})"


def _checked(event: e.CheckJudged) -> str:
    word = "good" if event.good else "BAD"
    return f"{event.duty}: {word}, {event.mean} instead of {event.certified} ± {event.limit}"


def _asked(event: e.DecisionAsked) -> str:
    about = f" about {event.block}" if event.block else ""
    about = f" of {event.device}" if event.device else about
    answers = ", ".join(event.options)
    typed = f"; type {event.form}" if event.form else ""
    return f"{event.question}{about}: {event.text}; answers: {answers}{typed}"


def _interlock(event: e.InterlockChanged) -> str:
    door = "closed" if event.door_closed else "OPEN"
    chain = "closed" if event.safety_closed else "OPEN"
    return f"door {door}, safety chain {chain}"


def _photographed(event: e.SurfaceSeen) -> str:
    count = len(event.patches)
    areas = f", {count} patch{'es' * (count > 1)} to avoid" if count else ""
    state = f", {event.condition}" if event.condition not in ("", "usable") else ""
    side = "" if event.face_up else ", WRONG SIDE UP"
    seen = f"photographed ({event.purpose}), {len(event.marks)} marks"
    return f"{event.block}: {seen}{areas}{state}{side}"


def _kind(event: e.KindTold) -> str:
    if not event.looked:
        return f"{event.block}: no old indentations to tell its kind by"
    told = event.kind or f"not sure, likeliest {event.likeliest}"
    size = f", {event.diameter_mm:.2f} mm wide" if event.diameter_mm else ""
    doubt = f"; {event.doubt}" if event.doubt else "; the order agrees"
    return f"{event.block}: old indentations: {told} ({event.confidence:.0%}){size}{doubt}"


def _confirmed(event: e.IndentsSeen) -> str:
    worst = f", at most {max(event.offsets_mm):.2f} mm off" if event.offsets_mm else ""
    odd = len(event.missing) + len(event.unexpected) + len(event.changes)
    return f"{event.block}: {len(event.offsets_mm)} indentations seen{worst}, {odd} odd"


def _planned(event: e.Planned) -> str:
    return f"{event.block}: {len(event.positions)} positions planned, {len(event.spares)} spare"


def _transfer(event: e.TransferIntended) -> str:
    place = event.source if event.step == "pick" else event.target
    return f"{event.op}: about to {event.step} {event.block} at {place}"


_SHOWN = {
    "same": "the tester's display shows the number of the record",
    "other": "the tester's display shows another number than the record bears",
    "unread": "nobody has read the tester's display",
}

_WORDS: dict[type[Any], Callable[[Any], str]] = {
    e.SessionBegan: lambda x: f"session {x.session} began, {x.program}, seed {x.seed}",
    e.EpochClaimed: lambda x: f"{x.device} accepted epoch {x.epoch}",
    e.ModeChanged: lambda x: f"cell {x.mode}: {x.reason}",
    e.CommandTaken: lambda x: f"{x.verb} by {x.by}",
    e.InterlockChanged: _interlock,
    e.AlarmRaised: lambda x: f"ALARM {x.alarm} at {x.source}: {x.detail}",
    e.AlarmCleared: lambda x: f"alarm {x.alarm} at {x.source} is over",
    e.TrayAccepted: lambda x: f"tray {x.tray} with {len(x.blocks)} blocks, {x.regulation}",
    e.HolderStocked: lambda x: f"{x.role} block {x.block} at {x.place}, {len(x.positions)} places",
    e.DutyFell: lambda x: f"{x.duty} due: {x.needed} indentations on {x.block}, {x.cause}",
    e.SlotMapRead: lambda x: f"{len(x.occupied)} slots are occupied",
    e.TransferIntended: _transfer,
    e.IndentIntended: _intended,
    e.TransferConfirmed: lambda x: f"{x.op}: done",
    e.IndentConfirmed: _indented,
    e.NotHappened: lambda x: f"{x.op}: did not happen, {x.reason}",
    e.IndentVoided: lambda x: f"{x.op}: VOID, {x.reason}",
    e.IndentDoubted: lambda x: f"{x.op}: in doubt, {x.reason}",
    e.DisplayRead: lambda x: f"{x.op}: {_SHOWN[x.shown]} ({x.by})",
    e.NumberRead: lambda x: f"the tester's display shows {x.number:06} ({x.by})",
    e.StrayRecord: lambda x: f"record {x.number} belongs to no indentation of ours; it is kept",
    e.FaultReset: lambda x: f"fault {x.fault} of {x.device} reset",
    e.BlockSized: _sized,
    e.BlockIdentified: lambda x: f"{x.block}: identified by {x.by}",
    e.SurfaceSeen: _photographed,
    e.KindTold: _kind,
    e.DoubtWaived: lambda x: f"{x.block}: goes on in spite of {x.kind}, by {x.by}",
    e.Planned: _planned,
    e.IndentsSeen: _confirmed,
    e.ClimateRead: lambda x: f"{x.block}: {x.temperature_c} °C, {x.humidity_pct} %",
    e.Judged: _judged,
    e.CheckJudged: _checked,
    e.BlockRefused: lambda x: f"{x.block}: refused, {x.reason}; goes to {x.to}",
    e.BlockTakenOut: lambda x: f"{x.block}: taken out of the cell by {x.by}",
    e.RejectRowEmptied: lambda x: f"reject row emptied by {x.by}",
    e.DecisionAsked: _asked,
    e.DecisionAnswered: lambda x: f"{x.question}: {x.option}, by {x.by}",
    e.DecisionWithdrawn: lambda x: f"{x.question}: withdrawn, {x.reason}",
    e.ArmMoved: lambda x: f"arm over {x.at}",
    e.TrayFinished: lambda x: (
        f"tray {x.tray} finished: {x.passed} passed, {x.failed} failed, {x.refused} refused"
    ),
    e.JournalSealed: lambda x: f"events {x.first} to {x.last} are sealed in {x.archive}",
}
