"""Blocks to try things on: outlines, and marks that do not touch each other or the rim."""

from hypothesis import strategies as st

from vision.geometry import Mark, Outline, Point, Rectangle, Round

sizes = st.floats(40, 64)
outlines: st.SearchStrategy[Outline] = st.one_of(
    st.builds(Round, sizes), st.builds(Rectangle, sizes, sizes)
)
offsets = st.builds(Point, st.floats(-1, 1), st.floats(-1, 1))
seeds = st.integers(0, 2**31)
shares = st.floats(-1, 1)


def raw_marks(most: int = 40, widest: float = 3.0) -> st.SearchStrategy[list[Mark]]:
    """Marks in a square of ±1, to be laid out by `laid_out`."""
    mark = st.builds(Mark, shares, shares, st.floats(0.40, widest))
    return st.lists(mark, max_size=most)


def laid_out(outline: Outline, raw: list[Mark], gap: float = 0.3) -> list[Mark]:
    """Scale raw marks to the outline; leave out those near another one or the rim."""
    marks: list[Mark] = []
    for one in raw:
        x, y = one.x * outline.half_width, one.y * outline.half_height
        mark = Mark(x, y, one.diameter)
        apart = all(
            mark.centre.distance(m) > 0.8 * (m.diameter + mark.diameter) + gap for m in marks
        )
        if apart and outline.inset_contains(mark, mark.diameter / 2 + 0.8):
            marks.append(mark)
    return marks
