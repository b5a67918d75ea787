"""The kind of a block by its old indentations: who is believed, and who is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.events import BlockOrder, KindTold, Spot
from controller.eyes import EYES, Eyes
from controller.looks import Sight
from controller.state import Block, Stage
from controller.surface_events import Patch
from controller.surveying import Survey
from controller.telling import LOOKED, tell_kind
from metrology import diameter_mm, find_scale
from models.confidence import Caution, Seen, seen
from models.kinds import KINDS, Kind
from models.routing import Doubt
from vision.finder import Surface
from vision.geometry import Mark, Point, Round
from vision.rendering import render_surface

PLACES = ((-9.0, -6.0), (-9.0, 6.0), (9.0, -6.0), (9.0, 6.0), (0.0, 9.0))
SCALE = 30.0


def block(scale: str, hardness: str) -> Block:
    order = BlockOrder("B", scale, 1, "round", 30.0, 30.0, Decimal(hardness))
    return Block("B", "customer", scale, "slot-01", "vision", Stage.SIZED, order)


def marks(wide: float, count: int = 5) -> tuple[Mark, ...]:
    return tuple(sorted(Mark(x, y, wide) for x, y in PLACES[:count]))


def sight(drawn: Sequence[Mark], ball: bool) -> Sight:
    bowls = drawn if ball else ()
    centre = Point(0.0, 0.0)
    image = render_surface(Round(30), drawn, px_per_mm=SCALE, offset=centre, seed=5, bowls=bowls)
    return Sight("", image, SCALE)


def look(scale: str, hardness: str, made_with: str) -> KindTold | None:
    """Return what is told of a block that a scale of another indenter may have marked."""
    wide = diameter_mm(find_scale(scale), Decimal(hardness))
    drawn = marks(wide)
    ball = find_scale(made_with).indenter == "ball"
    surface = Surface(Round(30), Point(0.0, 0.0), drawn)
    return tell_kind(EYES, sight(drawn, ball), Survey(surface), block(scale, hardness))


@pytest.mark.parametrize(
    ("scale", "hardness"),
    [
        *[("HRC", "25"), ("HRC", "64"), ("HRA", "75"), ("HR30N", "55")],
        *[("HRBW", "60"), ("HREW", "85"), ("HR15TW", "80"), ("HR45TW", "40")],
    ],
)
def test_the_order_agrees_with_what_its_own_scale_left(scale: str, hardness: str) -> None:
    told = look(scale, hardness, scale)
    assert told is not None and told.doubt == "" and told.looked == 5


@pytest.mark.parametrize(("scale", "hardness"), [("HRBW", "90"), ("HRFW", "90")])
def test_a_cone_on_a_block_for_a_ball_is_noticed(scale: str, hardness: str) -> None:
    told = look(scale, hardness, "HRC")
    assert told is not None
    assert told.kind == "cone" and told.doubt == Doubt.KIND_AGAINST_CLAIM


# -- with a classifier that says what it is told ---------------------------------------

HRC60 = block("HRC", "60.0")
WIDE = diameter_mm(find_scale("HRC"), 60.0)
BLANK = Sight("", sight((), ball=False).image, SCALE)


def says(kind: Kind, sure: float = 0.999) -> Seen:
    rest = (1 - sure) / (len(KINDS) - 1)
    return seen([sure if k is kind else rest for k in KINDS], Caution(0.99, 0.998))


def told(
    answers: Sequence[Seen],
    found: Sequence[Mark] | None = None,
    of: Block = HRC60,
    patches: tuple[Patch, ...] = (),
) -> KindTold | None:
    def tell(image: object, surface: Surface, asked: Sequence[Mark], *, px_per_mm: float):  # type: ignore[no-untyped-def]  # what it returns is plain to see
        return answers[: len(asked)]

    eyes: Eyes = replace(EYES, tell=tell)
    given_marks = marks(WIDE, len(answers)) if found is None else tuple(found)
    surface = Surface(Round(30), Point(0.0, 0.0), given_marks)
    return tell_kind(eyes, BLANK, Survey(surface, patches), of)


def test_a_face_without_certain_marks_tells_nothing() -> None:
    assert told([says(Kind.CONE)], found=()) is None
    assert told([says(Kind.CONE)], found=[Mark(0, 0, 0.5, 0.3)]) is None


@pytest.mark.parametrize(("apart", "looked"), [(0.0, 0), (0.9, 0), (1.1, 1)])
def test_what_lies_beside_writing_or_rust_is_no_witness(apart: float, looked: int) -> None:
    """A digit once passed for the mark of a Brinell ball, and a good block waited for a person."""
    digit = Mark(0.0, 0.0, 2.0, 0.96)
    rust = Patch("rust", (Spot(apart * digit.diameter + 0.4, 0.0),), 0.4)
    answer = told([says(Kind.BALL_BRINELL)], found=[digit], patches=(rust,))
    assert (answer is not None) == bool(looked)


def test_eyes_that_cannot_tell_are_not_asked_twice() -> None:
    assert told([], found=marks(WIDE)) is None


@given(
    st.lists(st.sampled_from([Kind.UNUSED, Kind.UNUSABLE]), min_size=1, max_size=5),
    st.floats(0.3, 0.9999),
)
def test_what_is_taken_for_damage_costs_no_question(kinds: list[Kind], sure: float) -> None:
    answer = told([says(kind, sure) for kind in kinds])
    assert answer is None or answer.doubt == ""


def test_dirt_among_indentations_is_left_out() -> None:
    answer = told([says(Kind.CONE), says(Kind.UNUSABLE), says(Kind.CONE)])
    assert answer is not None and (answer.kind, answer.looked, answer.doubt) == ("cone", 2, "")


@given(st.sampled_from([Kind.BALL_1_5875, Kind.BALL_3_175, Kind.BALL_BRINELL]))
def test_a_decided_ball_on_a_block_for_the_cone_is_doubted(kind: Kind) -> None:
    answer = told([says(kind)] * 3)
    assert answer is not None and answer.doubt == Doubt.KIND_AGAINST_CLAIM


@given(st.sampled_from([Kind.BALL_1_5875, Kind.BALL_3_175]), st.floats(0.4, 0.98))
def test_an_unsure_classifier_costs_no_question(kind: Kind, sure: float) -> None:
    rest = (1 - sure) / (len(KINDS) - 1)
    assert rest > 0.002
    answer = told([says(kind, sure)] * 3)
    assert answer is not None and (answer.kind, answer.doubt) == ("", "")


@pytest.mark.parametrize(
    ("factor", "doubt"), [(1.5, True), (0.6, True), (1.2, False), (0.85, False)]
)
def test_the_size_is_believed_when_three_marks_have_it(factor: float, doubt: bool) -> None:
    for count in (1, 2, 3, 5):
        answer = told([says(Kind.CONE)] * count, found=marks(factor * WIDE, count))
        assert answer is not None
        assert (answer.doubt == Doubt.SIZE_AGAINST_CLAIM) is (doubt and count >= 3)


@pytest.mark.parametrize(
    ("sure", "count", "doubt"), [(0.97, 2, False), (0.97, 3, True), (0.999, 1, True)]
)
def test_one_or_two_marks_exclude_a_kind_only_if_theirs_is_decided(
    sure: float, count: int, doubt: bool
) -> None:
    ball = {Kind.BALL_1_5875: sure, Kind.BALL_3_175: 1 - sure}
    shown = seen([ball.get(kind, 0.0) for kind in KINDS], Caution(0.99, 0.98))
    assert Kind.CONE not in shown.possible
    answer = told([shown] * count)
    assert answer is not None and (answer.doubt == Doubt.KIND_AGAINST_CLAIM) is doubt


@pytest.mark.parametrize(("hardness", "factor", "doubt"), [("20", 1.6, True), ("90", 1.6, False)])
def test_small_marks_may_look_wider_by_a_pixel_on_each_side(
    hardness: str, factor: float, doubt: bool
) -> None:
    nominal = Decimal(hardness)
    wide = diameter_mm(find_scale("HRA"), nominal)
    answer = told([says(Kind.CONE)] * 5, found=marks(factor * wide), of=block("HRA", hardness))
    assert answer is not None and (answer.doubt == Doubt.SIZE_AGAINST_CLAIM) is doubt


@pytest.mark.parametrize(("spread", "doubt"), [(0.02, True), (0.20, False)])
def test_marks_that_differ_in_size_are_no_evidence(spread: float, doubt: bool) -> None:
    wide = [1.5 * WIDE * (1 + k * spread) for k in (-1, -0.7, 0, 0.7, 1)]
    found = [replace(mark, diameter=w) for mark, w in zip(marks(WIDE), wide, strict=True)]
    answer = told([says(Kind.CONE)] * 5, found=found)
    assert answer is not None and (answer.doubt != "") is doubt


def test_what_is_likeliest_dirt_is_left_out_undecided() -> None:
    dirt = seen([0.0, 0.1, 0.0, 0.05, 0.05, 0.8], Caution(0.93, 0.98))
    assert dirt.kind is None
    assert told([dirt]) is None
    answer = told([says(Kind.CONE)] * 3 + [dirt])
    assert answer is not None and (answer.looked, answer.doubt) == (3, "")


def test_of_many_marks_the_clearest_are_looked_at() -> None:
    many = [Mark(0.9 * n, 0.0, WIDE, 0.7 + 0.01 * n) for n in range(20)]
    answer = told([says(Kind.CONE)] * 20, found=many)
    assert answer is not None and answer.looked == LOOKED
