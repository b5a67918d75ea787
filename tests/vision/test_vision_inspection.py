"""What is on a face besides marks, and the simple shapes that keep a plan clear of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.avoided import keep_outs
from vision.finder import Surface, find_surface
from vision.geometry import Mark, Point, Round
from vision.inspection import Inspection, inspect_block, inspect_surface
from vision.regions import Disc, Region, RegionKind
from vision.rendering import Flaw, render_surface
from vision.weighing import DOUBTED

MARKS = (Mark(3.0, 4.0, 0.5), Mark(-5.0, 4.0, 0.5))


def inspected(*flaws: Flaw, marks: tuple[Mark, ...] = MARKS) -> Inspection:
    """Return what is seen of a round face of 44 mm with these flaws."""
    offset = Point(0.3, -0.2)
    image = render_surface(Round(44), marks, px_per_mm=20.0, offset=offset, seed=3, flaws=flaws)
    surface = find_surface(image, px_per_mm=20.0)
    assert isinstance(surface, Surface)
    return inspect_surface(image, surface, px_per_mm=20.0)


def test_a_clean_face_has_marks_and_nothing_else() -> None:
    seen = inspected()
    assert len(seen.surface.marks) == 2 and seen.surface.regions == ()
    assert seen.condition.state == "usable" and seen.condition.face_up


@pytest.mark.parametrize(
    ("flaw", "kind"),
    [
        (Flaw("scratch", 6.0, -6.0, 9.0, 0.7), RegionKind.SCRATCH),
        (Flaw("engraving", 0.0, -13.0, 3.0, text="2007-102"), RegionKind.WRITING),
        (Flaw("code", -6.0, -8.0, 6.0, text="2007-102"), RegionKind.CODE),
        (Flaw("rust", 3.0, -8.0, 9.0), RegionKind.DAMAGE),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_flaw_is_a_region_and_no_mark(flaw: Flaw, kind: RegionKind) -> None:
    seen = inspected(flaw)
    assert kind in {region.kind for region in seen.surface.regions}
    assert any(r.covers(Point(flaw.x, flaw.y)) for r in seen.surface.regions) or kind == "scratch"
    assert len(seen.surface.marks) == 2
    if kind is RegionKind.CODE:
        assert [code.text for code in seen.codes] == ["2007-102"]


def test_a_mark_within_something_wide_stays_a_mark() -> None:
    image = render_surface(Round(44), MARKS, px_per_mm=20.0, offset=Point(0, 0), seed=3)
    found = find_surface(image, px_per_mm=20.0)
    assert isinstance(found, Surface)
    wide = Mark(1.0, 4.0, 11.0, 0.2)
    seen = inspect_surface(
        image, replace(found, marks=tuple(sorted((*found.marks, wide)))), px_per_mm=20.0
    )
    assert seen.surface.marks == found.marks
    assert any(r.kind is RegionKind.DAMAGE for r in seen.surface.regions)


@pytest.mark.parametrize(("confidence", "stays"), [(0.05, True), (0.2, False)])
def test_a_guess_at_something_wide_hides_no_doubtful_mark(confidence: float, stays: bool) -> None:
    # A circle that was none, about a mark with a scratch through it, once hid that mark.
    image = render_surface(Round(44), MARKS, px_per_mm=20.0, offset=Point(0, 0), seed=3)
    found = find_surface(image, px_per_mm=20.0)
    assert isinstance(found, Surface)
    doubtful, wide = Mark(1.0, -4.0, 2.4, 0.35), Mark(2.0, -2.5, 8.0, confidence)
    marks = tuple(sorted((*found.marks, doubtful, wide)))
    seen = inspect_surface(image, replace(found, marks=marks), px_per_mm=20.0)
    assert (doubtful in seen.surface.marks) is stays
    assert wide not in seen.surface.marks


@pytest.mark.parametrize(
    ("sureness", "wider", "stays"), [(0.15, 1.0, True), (0.2, 1.0, False), (0.15, 2.5, False)]
)
def test_a_guess_at_something_wide_hides_nothing_as_wide_as_the_marks(
    sureness: float, wider: float, stays: bool
) -> None:
    image = render_surface(Round(44), MARKS, px_per_mm=20.0, offset=Point(0, 0), seed=3)
    found = find_surface(image, px_per_mm=20.0)
    assert isinstance(found, Surface)
    speck = Mark(3.0, 5.0, wider * MARKS[0].diameter, 0.1)
    marks = (*found.marks, speck, Mark(1.0, 4.0, 8.0, sureness))
    seen = inspect_surface(image, replace(found, marks=tuple(sorted(marks))), px_per_mm=20.0)
    assert (speck in seen.surface.marks) is stays


def test_a_letter_does_not_occupy_as_a_mark_would() -> None:
    flaw = Flaw("engraving", 0.0, -13.0, 3.0, text="2007-102")
    image = render_surface(
        Round(44), MARKS, px_per_mm=20.0, offset=Point(0, 0), seed=3, flaws=(flaw,)
    )
    found = find_surface(image, px_per_mm=20.0)
    assert isinstance(found, Surface) and len(found.marks) > 2
    assert len(inspect_surface(image, found, px_per_mm=20.0).surface.marks) == 2


@pytest.mark.parametrize(
    ("confidence", "wider", "stays"),
    [(DOUBTED, 1.0, True), (DOUBTED, 2.0, False), (0.3, 1.0, False)],
)
def test_a_likely_mark_as_wide_as_others_stays_within_writing(
    confidence: float, wider: float, stays: bool
) -> None:
    # A deep scratch with two marks on it was taken for writing, and they were dropped as letters.
    flaw = Flaw("engraving", 0.0, -13.0, 3.0, text="2007-102")
    image = render_surface(
        Round(44), MARKS, px_per_mm=20.0, offset=Point(0, 0), seed=3, flaws=(flaw,)
    )
    found = find_surface(image, px_per_mm=20.0)
    assert isinstance(found, Surface)
    likely = Mark(0.0, -13.0, wider * MARKS[0].diameter, confidence)
    seen = inspect_surface(image, replace(found, marks=(*found.marks, likely)), px_per_mm=20.0)
    assert (likely in seen.surface.marks) is stays


def test_a_bottom_is_no_test_face() -> None:
    assert not inspected(Flaw("bottom")).condition.face_up


# -- regions as shapes -------------------------------------------------------------------

NEAR = st.floats(-20.0, 20.0)
CLOUDS = st.lists(st.builds(Disc, NEAR, NEAR, st.just(0.375)), min_size=1, max_size=40)


@given(CLOUDS)
@settings(max_examples=60, deadline=None)
def test_shapes_cover_every_disc_of_a_region(discs: list[Disc]) -> None:
    shapes = keep_outs([Region(RegionKind.RUST, tuple(discs), 1.0)])
    for disc in discs:
        rim = [
            Point(disc.x + disc.radius * math.cos(a), disc.y + disc.radius * math.sin(a))
            for a in (0.0, 1.3, 2.6, 3.9, 5.2)
        ]
        for point in (disc.centre, *rim):
            assert min(shape.distance(point) for shape in shapes) == 0.0


def test_a_bent_scratch_is_no_blot_and_a_word_is_one_shape() -> None:
    bent = [Disc(0.5 * n, 0.0, 0.375) for n in range(30)]
    bent += [Disc(0.0, 0.5 * n, 0.375) for n in range(30)]
    shapes = keep_outs([Region(RegionKind.SCRATCH, tuple(bent), 1.0)])
    assert min(shape.distance(Point(6.0, 6.0)) for shape in shapes) > 2.0
    assert len(shapes) < 16
    word = tuple(Disc(0.5 * n, 0.5 * k, 0.375) for n in range(30) for k in range(6))
    assert len(keep_outs([Region(RegionKind.WRITING, word, 1.0)])) == 1


@pytest.mark.parametrize("apart", [1.2, 2.0])
@pytest.mark.parametrize("wide", [0.5, 2.0])
def test_a_row_of_indentations_beside_writing_is_no_writing(wide: float, apart: float) -> None:
    text = Flaw("engraving", 0.0, -20.0, 3.0, text="HRC 61")
    # As near to the letters as may be, and one beside the other as people make them.
    row = [Mark((i - 2) * apart * wide, -17.8 + wide / 2, wide) for i in range(5)]
    image = render_surface(
        Round(60.0), row, px_per_mm=20.0, offset=Point(0.0, 0.0), seed=3, flaws=(text,)
    )
    seen = inspect_block(image, px_per_mm=20.0)
    assert isinstance(seen, Inspection)
    near = [min(m.centre.distance(true.centre) for m in seen.surface.marks) for true in row]
    assert max(near) < 0.3 * wide
