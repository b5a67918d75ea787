"""Closed trays leave the journal and nothing is lost, whatever dies at whatever instant."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from controller import sealing
from controller.audit import audit
from controller.checkpoint import write_state
from controller.events import (
    AnyEvent,
    CommandTaken,
    HolderStocked,
    JournalSealed,
    SessionBegan,
    TrayAccepted,
)
from controller.fold import fold_all
from controller.folding import session, trays
from controller.journal import Journal, JournalError, broken_links, read_open_rows, read_rows
from controller.journal_row import chain
from controller.sealing import NotSealed
from controller.state import CellState
from tests.controller.closed_trays import (
    ORIGIN,
    Killed,
    archives,
    live,
    open_rows,
    opened,
    seal,
    told,
    tray,
)
from tests.controller.test_controller_checkpoint import as_first_written

FIRST, SECOND, THIRD = tray(1, "A-1"), tray(2, "塔/2 b"), tray(3, "A-3")

STEPS = (
    "before-archive",
    "archive-half-written",
    "archive-written",
    "archive-named",
    "archive-on-disk",
    "before-cut",
    "after-cut",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


# -- what is there afterwards ----------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_history_of_sealed_trays_reads_as_if_it_had_never_been_cut(path: Path, seed: int) -> None:
    history = [event for n in range(4) for event in tray(10 * seed + n, f"T-{n}")]
    state = live(path, history)
    rows = list(read_rows(path))
    assert told(path) == history
    assert not list(broken_links(iter(rows)))
    assert [row.seq for row in rows] == list(range(1, len(history) + 4))
    # The sealings change nothing: also without them the state is the same.
    assert state == fold_all(history) == fold_all(row.event() for row in rows) == opened(path)
    for after in (0, 1, len(FIRST), len(FIRST) + 1, len(rows) - 1, len(rows)):
        assert list(read_rows(path, after)) == rows[after:]


def test_the_journal_goes_on_with_a_checkpoint_and_the_closed_tray_lies_beside_it(
    path: Path,
) -> None:
    live(path, (*FIRST, *SECOND))
    (archive,) = archives(path)
    assert archive.name == "000001-A-1.jsonl"
    assert not archive.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    first, *rest = open_rows(path)
    sealed = first.event()
    assert isinstance(sealed, JournalSealed)
    opening = next(i for i, event in enumerate(SECOND) if isinstance(event, TrayAccepted))
    # What happens before the next tray is accepted belongs to the one before.
    assert (sealed.first, sealed.last) == (1, len(FIRST) + opening)
    assert (sealed.number, sealed.tray, first.seq) == (1, "A-1", sealed.last + 1)
    assert first.hash == chain(
        sealed.head, first.seq, first.at, first.kind, first.version, first.body
    )
    assert [row.event() for row in rest] == list(SECOND[opening:])
    assert sealed.state == write_state(fold_all((*FIRST, *SECOND[:opening])))
    live(path, THIRD)
    assert [file.name for file in archives(path)] == ["000001-A-1.jsonl", "000002-塔_2_b.jsonl"]


def test_nothing_is_sealed_before_its_time_or_twice(path: Path) -> None:
    live(path, FIRST[:-2])
    assert seal(path) is None, "the tray is not finished"
    live(path, FIRST[-2:])
    assert isinstance(seal(path), JournalSealed)
    assert seal(path) is None
    live(path, (SessionBegan(2, "", "", 0),))
    assert seal(path) is None
    assert len(archives(path)) == 1


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name / "journal.sqlite" for name in "ab"]
    for path in paths:
        path.parent.mkdir()
        live(path, (*FIRST, *SECOND, *THIRD))
    assert [list(read_rows(path)) for path in paths[:1]] == [list(read_rows(paths[1]))]
    one, other = ([file.read_bytes() for file in archives(path)] for path in paths)
    assert one == other


def test_a_journal_that_was_never_cut_is_sealed_as_a_whole(path: Path) -> None:
    journal = Journal(path)
    journal.append(ORIGIN, (*FIRST, *SECOND), durable=True)
    journal.close()
    assert isinstance(seal(path), JournalSealed)
    assert told(path) == [*FIRST, *SECOND]
    assert audit(path).whole


# -- death ------------------------------------------------------------------------------


def reaper(at: str) -> Callable[[str], None]:
    def boundary(name: str) -> None:
        if name == at:
            raise Killed

    return boundary


def test_every_step_of_a_sealing_is_a_boundary(path: Path) -> None:
    live(path, FIRST)
    passed: list[str] = []
    seal(path, passed.append)
    assert tuple(passed) == STEPS


@pytest.mark.parametrize("again", ["", *STEPS])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_is_lost_and_nothing_doubled(
    path: Path, step: str, again: str
) -> None:
    before = live(path, FIRST)
    history: list[AnyEvent] = [*FIRST]
    for life, death in enumerate((step, again), 2):
        killed = False
        try:
            seal(path, reaper(death))
        except Killed:
            killed = True
        assert killed or life == 3, "the second time there may be nothing left to seal"
        assert told(path) == history, "whoever reads now sees each event once"
        assert not list(broken_links(read_rows(path)))
        assert opened(path) == before
        # The next life has something to say before it comes to sealing.
        begun = SessionBegan(life, "", "", 0)
        before = live(path, (begun,))
        history.append(begun)
    after = live(path, SECOND)
    assert told(path) == [*history, *SECOND]
    assert after == fold_all([*history, *SECOND])
    found = audit(path)
    assert found.whole and found.archives == 1
    assert found.strangers == ()


def test_a_cut_before_the_archive_is_named_would_be_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk above can fail: with the wrong order of steps it loses the tray."""
    live(path, FIRST)
    monkeypatch.setattr(sealing, "_kept", lambda *_: "0" * 64)
    seal(path)
    with pytest.raises(JournalError, match="missing"):
        told(path)


def test_what_the_program_before_has_sealed_is_still_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(sealing, "STATE_VERSION", 1)
        before.setattr(sealing, "write_state", as_first_written)
        # It folded the numbers of the tester in another way.
        before.setattr(sealing, "read_state", lambda version, text: live_state[0])
        live_state = [live(path, FIRST)]
        seal(path)
    live(path, SECOND)
    found = audit(path)
    assert found.whole and found.archives == 1, found


# -- what stands in the way ---------------------------------------------------------------


def test_without_room_for_archives_the_journal_goes_on_whole(path: Path) -> None:
    (path.parent / "archive").write_text("in the way")
    live(path, (*FIRST, *SECOND))
    assert told(path) == [*FIRST, *SECOND]
    (path.parent / "archive").unlink()
    live(path, THIRD)
    assert told(path) == [*FIRST, *SECOND, *THIRD]
    assert [file.name for file in archives(path)] == ["000001-塔_2_b.jsonl"]


def test_a_full_disk_at_the_cut_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(path, FIRST)
    rows = open_rows(path)
    true = Journal.cut

    def cut(journal: Journal, at: object, checkpoint: AnyEvent) -> str:
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
        journal._db.execute(f"PRAGMA max_page_count={pages}")
        return true(journal, ORIGIN, replace(checkpoint, state="x" * 500_000))  # type: ignore[call-arg]  # fields by name

    monkeypatch.setattr(Journal, "cut", cut)
    came = seal(path)
    assert isinstance(came, NotSealed) and "full" in came.reason
    assert open_rows(path) == rows
    monkeypatch.undo()
    live(path, SECOND)
    assert audit(path).whole and len(archives(path)) == 1


def test_an_archive_of_another_history_is_never_overwritten(path: Path) -> None:
    live(path, FIRST)
    backup = path.parent / "backup.sqlite"
    shutil.copy(path, backup)
    live(path, (SessionBegan(2, "", "", 0),))
    seal(path)
    kept = archives(path)[0].read_bytes()
    # Put back from a backup, the journal has not yet what the archive has.
    for file in path.parent.glob("journal.sqlite*"):
        file.unlink()
    shutil.copy(backup, path)
    live(path, (CommandTaken("other", "pause", ""),))
    came = seal(path)
    assert isinstance(came, NotSealed) and "older backup" in came.reason
    assert archives(path)[0].read_bytes() == kept
    assert told(path)[-1] == CommandTaken("other", "pause", "")


def test_a_broken_chain_is_not_sealed_over(path: Path) -> None:
    live(path, FIRST)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE event SET at = 'never' WHERE seq = 3")
    db.close()
    came = seal(path)
    assert isinstance(came, NotSealed) and "broken at event 3" in came.reason
    assert archives(path) == []


def test_a_state_that_text_cannot_carry_is_not_sealed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(path, FIRST)
    monkeypatch.setattr(sealing, "write_state", lambda state: write_state(CellState()))
    assert isinstance(seal(path), NotSealed)
    assert told(path) == list(FIRST)


# -- what never grows -----------------------------------------------------------------------

TRAYS = 50
STOCKED = next(event for event in FIRST if isinstance(event, HolderStocked))


def months(path: Path, trays: int = TRAYS) -> list[tuple[int, int, int]]:
    """Return state, open rows and bytes of the journal's file after each of many trays."""
    seen = []
    for n in range(trays):
        orders = tuple(CommandTaken(f"{n:02d}-{i}", "pause", "Li") for i in range(9))
        day = tray(4, f"T-{n % 10}")
        if n:
            # The seating and check block stay, and bear more with every tray.
            day = tuple(event for event in day if not isinstance(event, HolderStocked))
        state = live(path, (*orders, *day))
        # Numbers that only count may take a digit more.
        counted = replace(state, session=0, ops=0, records=0, asked=0)
        seen.append((len(write_state(counted)), len(open_rows(path)), path.stat().st_size))
    return seen


def test_after_many_trays_state_and_journal_are_no_larger_than_after_two(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "COMMANDS_KEPT", 10)
    seen = months(path)
    assert seen[-1][:2] == seen[1][:2]
    # The file has whole pages: it finds its size in a few trays and keeps it.
    assert seen[-1][2] == seen[6][2] <= 1.2 * seen[1][2]
    assert audit(path).archives == TRAYS - 1


@pytest.mark.parametrize(
    ("room", "what", "untrimmed"),
    [
        (trays, "without_the_past", lambda state, tried: state),
        (session, "COMMANDS_KEPT", 10**6),
    ],
)
def test_the_bound_notices_what_is_not_trimmed(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: ModuleType, what: str, untrimmed: object
) -> None:
    monkeypatch.setattr(session, "COMMANDS_KEPT", 10)
    monkeypatch.setattr(room, what, untrimmed)
    seen = months(path, 6)
    assert seen[-1][0] > seen[1][0]


@pytest.mark.parametrize("name", sorted(CellState.__dataclass_fields__))
def test_every_field_of_the_state_is_known_to_be_bounded(name: str) -> None:
    """A new field of the state belongs here, and into `without_the_past` if it grows."""
    assert name in BOUNDED


BOUNDED = {
    **dict.fromkeys(("session", "ops", "records", "asked", "cycles", "results"), "a number"),
    "void_series": "a number",
    "count": "three numbers",
    "crashes": "the last ten",
    **dict.fromkeys(("mode", "mode_reason", "tray", "regulation", "set_up_for", "arm_at"), "text"),
    **dict.fromkeys(("tray_finished", "closing_checked", "door_closed", "safety_closed"), "bool"),
    **dict.fromkeys(("epochs", "slots_occupied", "transfer"), "by the cell's devices and places"),
    **dict.fromkeys(("blocks", "unchecked"), "by tray, reject row and holder"),
    **dict.fromkeys(("intents", "questions", "duties", "alarms"), "closed by what follows"),
    **dict.fromkeys(
        ("duties_done", "answers", "attempts", "doubts", "shown"), "forgotten with the tray"
    ),
    "commands": "the last ones",
    "retired": "one name for each block that stood in the holder: some hundred a year",
}


def test_of_a_block_that_left_the_holder_only_its_name_stays() -> None:
    holder = next(b for b in fold_all(FIRST).blocks.values() if b.stock == STOCKED)
    accepted = next(event for event in SECOND if isinstance(event, TrayAccepted))
    replaced = (*FIRST, replace(STOCKED, block="new"))
    assert holder.readings and fold_all(replaced).blocks[holder.name].at == "outside"
    state = fold_all((*replaced, accepted))
    assert holder.name not in state.blocks and holder.name in state.retired
    assert "new" in state.blocks
    assert fold_all((*FIRST, accepted)).blocks[holder.name].readings == ()


# -- who changes an archive is found ----------------------------------------------------------


def changed(path: Path, edit: Callable[[list[str]], list[str]]) -> None:
    file = archives(path)[0]
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.chmod(0o644)
    file.write_text("".join(edit(lines)), encoding="utf-8")


EDITS: tuple[tuple[str, Callable[[list[str]], list[str]]], ...] = (
    ("a figure", lambda lines: [line.replace("61.2", "61.3") for line in lines]),
    ("a line taken out", lambda lines: [*lines[:20], *lines[21:]]),
    ("a line twice", lambda lines: [*lines[:20], lines[20], *lines[20:]]),
    ("two lines swapped", lambda lines: [*lines[:20], lines[21], lines[20], *lines[22:]]),
    ("the end cut off", lambda lines: lines[:-3]),
    ("half a line", lambda lines: [*lines[:-1], lines[-1][:30]]),
    ("a space", lambda lines: [lines[0].replace(":", ": ", 1), *lines[1:]]),
    ("nothing left", lambda lines: []),
)


@pytest.mark.parametrize("edit", [edit for _, edit in EDITS], ids=[name for name, _ in EDITS])
def test_a_changed_archive_is_found(path: Path, edit: Callable[[list[str]], list[str]]) -> None:
    live(path, (*FIRST, *SECOND, *THIRD))
    assert audit(path).whole
    changed(path, edit)
    try:
        assert not audit(path).whole
    except JournalError as error:
        assert "000001-A-1.jsonl" in str(error)
    # The cell works on: what it needs is in the checkpoint.
    assert opened(path).tray == "A-3"
    assert list(read_open_rows(path))


def test_a_missing_archive_is_named_and_the_cell_works_on(path: Path) -> None:
    live(path, (*FIRST, *SECOND, *THIRD))
    archives(path)[0].unlink()
    with pytest.raises(JournalError, match=r"000001-A-1\.jsonl: this archive is missing"):
        told(path)
    assert opened(path).tray == "A-3"
    assert len(list(read_rows(path, len(FIRST) + 40))) > 0, "what was sealed later can be read"


def test_a_checkpoint_with_another_state_is_found_though_its_chain_fits(path: Path) -> None:
    live(path, FIRST)
    journal = Journal(path)
    sealed = sealing._archived(journal, tuple(journal.rows()), opened(path))
    forged = replace(opened(path), ops=1)
    journal.cut(ORIGIN, replace(sealed, state=write_state(forged)))
    journal.close()
    found = audit(path)
    assert not found.breaks and not found.whole
    assert "ops" in found.faults[0]


def test_a_file_that_is_no_archive_of_ours_is_told(path: Path) -> None:
    live(path, (*FIRST, *SECOND))
    (path.parent / "archive" / "000002-B.part").write_text("half")
    assert audit(path).strangers == ("000002-B.part",)
    assert audit(path).whole
