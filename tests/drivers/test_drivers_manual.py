import asyncio
import math
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.interfaces import (
    SIZING,
    TESTER,
    Activity,
    Climate,
    Dimensions,
    Done,
    Failure,
    Inputs,
    NotDone,
    Outcome,
    Photograph,
    Place,
    Sized,
    Station,
    Unknown,
)
from drivers.manual import (
    ManualGauge,
    ManualHygrometer,
    ManualPositioner,
    ManualReader,
    ManualSensors,
)
from drivers.manual_arm import ManualArm
from drivers.manual_camera import ManualCamera
from drivers.person import Desk, Quantity
from drivers.sizing import ComposedSizing
from runtime import Clock, run_virtual
from tests.drivers.person_script import Answer, Scripted, at_desk

SLOT = Place(Station.SLOT, 1)
LENGTH = Quantity("length", "mm", Decimal(-5), Decimal(500))

Scene = Callable[[Desk, Scripted], Coroutine[Any, Any, None]]


def play(scene: Scene, *answers: Answer, patience_s: float = 60.0) -> Scripted:
    """Play a scene; every answer of the script must have been asked for."""

    async def main() -> Scripted:
        person, desk, _ = at_desk(*answers, patience_s=patience_s)
        await scene(desk, person)
        assert person.answers == []
        return person

    return run_virtual(main())


def got(outcome: Outcome[Any]) -> Any:
    assert isinstance(outcome, Done), outcome
    return outcome.value


def refused(outcome: object) -> Failure:
    assert isinstance(outcome, NotDone), outcome
    return outcome.reason


# -- the desk -------------------------------------------------------------------------


@given(st.decimals(0, 500, places=3, allow_nan=False), st.integers(0, 3))
def test_a_number_is_kept_with_the_digits_typed(value: Decimal, zeros: int) -> None:
    typed = f"{value}{'0' * zeros}"

    async def scene(desk: Desk, person: Scripted) -> None:
        said = await desk.numbers("How long?", [LENGTH])
        assert isinstance(said, tuple) and [str(number) for number in said] == [typed]

    play(scene, typed)


JUNK = ["", "abc", "61,20", "1e2", "1_0", "0x1", "nan", "inf", "-6", "500.1", "1 2", "--1", "1."]


@pytest.mark.parametrize("junk", JUNK)
def test_what_does_not_fit_is_told_and_asked_again(junk: str) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert await desk.numbers("How long?", [LENGTH]) == (Decimal("61.20"),)

    person = play(scene, junk, "61.20")
    assert person.questions[0] == "How long?"
    assert "does not fit" in person.questions[1]


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_number_within_limits_or_nothing(text: str) -> None:
    async def main() -> None:
        person, desk, _ = at_desk(text, None)
        said = await desk.numbers("How long?", [LENGTH])
        if said is not None:
            assert isinstance(said, tuple) and LENGTH.low <= said[0] <= LENGTH.high
        assert (said is None) == (person.answers == [])

    run_virtual(main())


def test_wide_digits_of_a_chinese_keyboard_are_digits() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        said = await desk.numbers("How long?", [LENGTH])
        assert isinstance(said, tuple) and str(said[0]) == "61.20"

    play(scene, "６１．２０")


def test_an_option_may_be_written_anyhow_but_must_be_one() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert await desk.choose("Well?", ("done", "not done")) == "done"

    assert len(play(scene, "perhaps", " DONE ").asked) == 2


def test_patience_is_for_the_question_and_not_for_each_answer() -> None:
    async def main() -> None:
        person, desk, clock = at_desk(*["junk"] * 100, patience_s=20.0)
        assert await desk.numbers("How long?", [LENGTH]) is None
        assert clock.link() == pytest.approx(20.0)
        assert len(person.asked) == 7

    run_virtual(main())


def test_one_question_at_a_time() -> None:
    async def main() -> None:
        person, desk, clock = at_desk("1", "2")
        said = await asyncio.gather(
            desk.numbers("First?", [LENGTH]), desk.numbers("Second?", [LENGTH])
        )
        assert said == [(Decimal(1),), (Decimal(2),)]
        assert person.questions == ["First?", "Second?"]
        assert clock.link() == pytest.approx(6.0)

    run_virtual(main())


# -- what is read by hand -----------------------------------------------------------------


def test_a_block_is_sized_and_read_by_hand() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        stage = ComposedSizing(ManualGauge(desk), ManualReader(desk))
        sized = got(await stage.measure())
        assert sized == Sized(Decimal("10.02"), Decimal("60.0"), Decimal("61"), "B1-CODE")
        assert str(sized.width_mm) == "60.0"
        assert got(await stage.measure()).code is None

    play(scene, "10.02 60.0 61", "B1-CODE", "10.02 60.0 61", "unreadable")


def test_a_gauge_without_block_or_without_answer_measures_nothing() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert refused(await ManualGauge(desk).dimensions()) is Failure.NOT_READY
        assert refused(await ManualGauge(desk).dimensions()) is Failure.NO_REPLY
        assert refused(await ManualReader(desk).read_code()) is Failure.NO_REPLY
        size = got(await ManualGauge(desk).dimensions())
        assert size == Dimensions(Decimal(10), Decimal(60), Decimal(60))

    play(scene, "no block there", None, None, "0.5 60 60", "10 60 60")


def test_climate_is_read_from_the_wall() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        climate = got(await ManualHygrometer(desk).climate())
        assert climate == Climate(Decimal("23.1"), Decimal(45))
        assert refused(await ManualHygrometer(desk).climate()) is Failure.NO_REPLY

    play(scene, "23.1", "23.1 145", "23.1 45", None)


CLOSED = "all closed, nothing slipped"
PLACES = (SLOT, Place(Station.SLOT, 2), SIZING, TESTER)


def test_sensors_are_asked_for_anew_each_time() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        sensors = ManualSensors(desk, PLACES)
        told = frozenset({SLOT, TESTER})
        assert got(await sensors.inputs()) == Inputs(True, True, False, told)
        assert got(await sensors.inputs()) == Inputs(False, True, False, told)
        assert got(await sensors.inputs()) == Inputs(True, False, False, frozenset())
        assert got(await sensors.inputs()) == Inputs(True, True, True, frozenset({SIZING}))
        assert [options for _, options in person.asked][1::2][:2] == [("none",), ("none", "same")]

    play(
        scene,
        *(CLOSED, "Slot-01, tester"),
        *("door open", "same"),
        *("safety chain open", "none"),
        *("block slipped", "sizing"),
    )


@pytest.mark.parametrize("junk", ["slot-03", "same", "tester-2", "slot-1", "SLOT", "vision"])
def test_only_places_of_the_cell_are_occupied(junk: str) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        inputs = got(await ManualSensors(desk, PLACES).inputs())
        assert inputs.occupied == frozenset({SLOT})

    play(scene, CLOSED, junk, "slot-01")


def test_a_silent_person_is_no_sensor_and_the_old_list_is_not_used() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        sensors = ManualSensors(desk, PLACES)
        assert refused(await sensors.inputs()) is Failure.NO_REPLY
        got(await sensors.inputs())
        assert refused(await sensors.inputs()) is Failure.NO_REPLY

    play(scene, None, CLOSED, "slot-01", CLOSED, None)


# -- what is moved by hand -----------------------------------------------------------------


def test_a_point_counts_where_the_scales_read_it() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        table = ManualPositioner(desk)
        assert not got(await table.read()).homed
        assert refused(await table.move(1.0, 1.0)) is Failure.NOT_READY
        got(await table.home())
        status = got(await table.move(8.0, -3.5))
        assert (status.x_mm, status.y_mm, status.homed) == (8.01, -3.5, True)
        assert got(await table.read()) == status
        assert refused(await table.move(9.0, 0.0)) is Failure.FAULT
        assert refused(await table.move(9.0, 0.0)) is Failure.FAULT
        assert got(await table.read()).x_mm == 9.5

    play(scene, "done", "8.01 -3.5", "9.03 0", "not done", "9.5 0")


def test_a_move_that_nobody_tells_the_end_of_is_unknown_and_read_anew() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        table = ManualPositioner(desk)
        got(await table.home())
        got(await table.load_position())
        assert isinstance(await table.move(5.0, 5.0), Unknown)
        assert refused(await table.read()) is Failure.NO_REPLY
        assert got(await table.load_position()).x_mm == 0.0

    play(scene, "done", None, None, "0 0")


@pytest.mark.parametrize("point", [(math.nan, 0.0), (0.0, math.inf)])
def test_what_is_no_point_is_not_asked_for(point: tuple[float, float]) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert refused(await ManualPositioner(desk).move(*point)) is Failure.BAD_ARGUMENT

    play(scene)


def test_scales_that_were_not_zeroed_for_sure_are_not_homed() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        table = ManualPositioner(desk)
        assert isinstance(await table.home(), Unknown)
        assert not got(await table.read()).homed
        assert refused(await table.home()) is Failure.FAULT

    play(scene, "not sure", "not done")


# -- what is carried by hand ------------------------------------------------------------------


def test_a_block_is_carried_by_two_questions() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        got(await arm.start())
        status = got(await arm.claim(4))
        assert (status.fence.epoch, status.holding, status.at) == (4, False, None)
        status = got(await arm.carry(SLOT, status))
        status = got(await arm.pick(SLOT, status))
        assert (status.holding, status.at, status.activity) == (True, SLOT, Activity.DONE)
        status = got(await arm.carry(TESTER, status))
        status = got(await arm.release(TESTER, status))
        assert (status.holding, status.at) == (False, TESTER)
        assert all(math.isnan(axis) for axis in status.pose_mm)
        assert person.questions[2:] == [
            "Take the block from slot-01 and hold it.",
            "Lay the block you hold into tester.",
        ]

    play(scene, "done", "nothing", "done", "done")


@pytest.mark.parametrize("answer", ["not sure", None])
def test_a_pick_of_doubtful_end_is_unknown_and_the_hands_are_asked(answer: str | None) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        status = got(await arm.carry(SLOT, got(await arm.claim(1))))
        assert isinstance(await arm.pick(SLOT, status), Unknown)
        assert refused(await arm.read()) is Failure.NO_REPLY
        assert got(await arm.read()).holding

    play(scene, "nothing", answer, None, "a block")


def test_a_pick_not_done_leaves_the_hands_as_they_were() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        status = got(await arm.carry(SLOT, got(await arm.claim(1))))
        assert refused(await arm.pick(SLOT, status)) is Failure.FAULT
        assert not got(await arm.read()).holding

    play(scene, "nothing", "not done")


def test_an_old_status_an_unclaimed_arm_and_another_place_are_refused_unasked() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        before = got(await arm.read())
        assert refused(await arm.carry(SLOT, before)) is Failure.OLD_EPOCH
        status = got(await arm.claim(2))
        over = got(await arm.carry(SLOT, status))
        assert refused(await arm.pick(SLOT, status)) is Failure.OLD_EPOCH
        assert refused(await arm.pick(TESTER, over)) is Failure.NOT_READY
        assert refused(await arm.claim(1)) is Failure.OLD_EPOCH
        away = got(await arm.retreat(over))
        assert away.at is None

    play(scene, "nothing")


def test_while_a_question_stands_the_arm_runs() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        status = got(await arm.carry(SLOT, got(await arm.claim(1))))
        picking = asyncio.ensure_future(arm.pick(SLOT, status))
        await asyncio.sleep(1)
        assert not got(await arm.read()).resting
        assert got(await picking).resting

    play(scene, "nothing", "done")


def test_a_new_session_shows_another_boot() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        arm = ManualArm(desk)
        first = got(await arm.claim(1)).fence
        second = got(await arm.claim(2)).fence
        assert first.boot != second.boot
        assert got(await arm.claim(2)).fence == second

    play(scene, "nothing")


def test_nobody_at_the_cell_is_no_arm() -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert refused(await ManualArm(desk).start()) is Failure.NOT_READY
        assert refused(await ManualArm(desk).start()) is Failure.NOT_READY

    play(scene, "not done", None)


# -- what is photographed by hand ----------------------------------------------------------------

PGM = b"P5\n# from the stand\n3 2\n255\n" + bytes(range(6))


def saves(folder: Path, name: str, data: bytes = PGM) -> Callable[[], str]:
    def answer() -> str:
        (folder / name).write_bytes(data)
        return name

    return answer


def test_a_picture_is_a_new_file(tmp_path: Path) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        camera = ManualCamera(desk, tmp_path, 12.0)
        assert got(await camera.capture()) == Photograph(3, 2, bytes(range(6)), 12.0)
        # Yesterday's surface is no evidence.
        assert got(await camera.capture()).width == 3

    person = play(scene, saves(tmp_path, "one.pgm"), "one.pgm", saves(tmp_path, "two.pgm"))
    assert "an old one" in person.questions[2]


@pytest.mark.parametrize("name", ["../one.pgm", "/etc/passwd", "one.png", ".pgm", "a/b.pgm", ""])
def test_a_name_that_leads_elsewhere_is_not_taken(tmp_path: Path, name: str) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        outcome = await ManualCamera(desk, tmp_path, 12.0).capture()
        assert refused(outcome) is Failure.NOT_READY

    play(scene, name, "no picture")


@pytest.mark.parametrize(
    "data",
    [b"", b"P5 3 2 255 ", b"P5 3 2 255\n12345", PGM + b"x", b"P2 3 2 255\n", b"P5 3 2 65535\n" * 2],
)
def test_a_file_that_is_not_a_whole_picture_is_none(tmp_path: Path, data: bytes) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        outcome = await ManualCamera(desk, tmp_path, 12.0).capture()
        assert refused(outcome) is Failure.BAD_REPLY

    play(scene, saves(tmp_path, "new.pgm", data))


def test_a_missing_file_or_folder_is_no_link(tmp_path: Path) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert refused(await ManualCamera(desk, tmp_path, 12.0).capture()) is Failure.NO_LINK
        gone = ManualCamera(desk, tmp_path / "gone", 12.0)
        assert refused(await gone.capture()) is Failure.NO_LINK

    play(scene, "none.pgm")


def test_a_camera_without_an_answer_is_silent(tmp_path: Path) -> None:
    async def scene(desk: Desk, person: Scripted) -> None:
        assert refused(await ManualCamera(desk, tmp_path, 12.0).capture()) is Failure.NO_REPLY

    play(scene, None)


def test_a_person_is_as_slow_in_a_fast_simulation() -> None:
    async def main() -> None:
        person, _, clock = at_desk(None)
        fast = Clock(clock.origin, clock.zero, speed=100.0)
        assert await Desk(person, fast, patience_s=30.0).choose("Well?", ("done",)) is None
        assert clock.link() == pytest.approx(30.0)

    run_virtual(main())
