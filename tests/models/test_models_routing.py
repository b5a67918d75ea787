from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrology.indentation import diameter_mm
from metrology.scale import Scale
from metrology.scales import SCALES
from models.confidence import Caution, Seen, seen
from models.kinds import KINDS, Kind
from models.routing import Claim, Doubt, Evidence, Question, Route, kind_of, route, scales_leaving

CAUTION = Caution(0.9, 0.998)

scales = st.sampled_from(list(SCALES.values()))
maybe = st.booleans()


def sure_of(kind: Kind, share: float = 0.9999) -> Seen:
    rest = (1 - share) / (len(KINDS) - 1)
    return seen([share if k is kind else rest for k in KINDS], CAUTION)


def hardness_in(scale: Scale, share: float) -> Decimal:
    low, high = scale.low, scale.high
    return (low + (high - low) * Decimal(str(round(share, 3)))).quantize(Decimal("0.1"))


@given(scales, st.floats(0.05, 0.95), st.floats(0.93, 1.07), maybe, maybe, maybe, maybe)
def test_a_block_whose_witnesses_tell_the_truth_goes_to_its_cell(
    scale: Scale, share: float, off: float, ordered: bool, labelled: bool, stated: bool, used: bool
) -> None:
    hardness = hardness_in(scale, share)
    claim = Claim(scale, hardness if stated else None)
    found = route(
        Evidence(
            sure_of(kind_of(scale)) if used else sure_of(Kind.UNUSED),
            diameter_mm(scale, hardness) * off if used else None,
            claim if ordered else None,
            claim if labelled else None,
        )
    )
    if ordered or labelled:
        assert found == Route(scale.family, scale)
    elif isinstance(found, Route):
        assert found.family == scale.family
    else:
        assert found.doubt is (Doubt.SEVERAL_CELLS if used else Doubt.NO_WITNESS)
        assert not used or scale.symbol in found.candidates


@given(scales, scales, st.floats(0, 1), maybe)
def test_order_against_label_is_a_question_whatever_is_seen(
    order: Scale, label: Scale, share: float, used: bool
) -> None:
    wide = diameter_mm(order, hardness_in(order, share)) if used else None
    told = route(
        Evidence(sure_of(kind_of(order)) if used else None, wide, Claim(order), Claim(label))
    )
    if order is label:
        assert told == Route(order.family, order)
    else:
        assert told == Question(Doubt.ORDER_AGAINST_LABEL, (order.symbol, label.symbol))


def test_no_block_goes_by_a_wrong_order_alone_where_its_indentations_tell() -> None:
    caught = missed = 0
    for truth in SCALES.values():
        for order in SCALES.values():
            if order.family == truth.family:
                continue
            hardness = hardness_in(truth, 0.5)
            seen_here, wide = sure_of(kind_of(truth)), diameter_mm(truth, hardness)
            told = route(Evidence(seen_here, wide, Claim(order), None))
            if isinstance(told, Question):
                caught += 1
                continue
            missed += 1
            # Only what looks the same, and is as wide, can slip through.
            assert kind_of(order) is kind_of(truth)
            assert order in scales_leaving([kind_of(truth)], wide)
    assert caught > 20 * missed


def test_a_kind_that_cannot_be_excluded_does_not_contradict() -> None:
    hrc = SCALES["HRC"]
    unsure = seen([0.55, 0.44, 0.0, 0.01, 0.0, 0.0], CAUTION)
    assert unsure.kind is None
    assert route(Evidence(unsure, 0.5, Claim(hrc), None)) == Route("rockwell", hrc)
    hrbw = SCALES["HRBW"]
    assert isinstance(route(Evidence(unsure, 0.8, Claim(hrbw), None)), Route)
    krw = SCALES["HRKW"]
    told = route(Evidence(unsure, 1.2, Claim(krw), None))
    assert told == Question(Doubt.KIND_AGAINST_CLAIM, ("HRKW",))


def test_an_unusable_surface_is_a_question_even_with_order_and_label() -> None:
    claim = Claim(SCALES["HRC"])
    told = route(Evidence(sure_of(Kind.UNUSABLE), None, claim, claim))
    assert told == Question(Doubt.UNUSABLE, ("HRC",))


@pytest.mark.parametrize(
    ("symbol", "stated", "wide", "doubt"),
    [
        ("HRC", "60", 0.75, Doubt.SIZE_AGAINST_CLAIM),  # as wide as at 32 HRC
        ("HRC", None, 0.20, Doubt.SIZE_AGAINST_CLAIM),  # as wide as a 15N indentation
        ("HBW10/3000", "0", 3.0, Doubt.HARDNESS_IMPOSSIBLE),
        ("HRC", "900", 0.5, Doubt.HARDNESS_IMPOSSIBLE),
    ],
)
def test_a_size_or_hardness_that_cannot_be_is_a_question(
    symbol: str, stated: str | None, wide: float, doubt: Doubt
) -> None:
    scale = SCALES[symbol]
    claim = Claim(scale, Decimal(stated) if stated else None)
    told = route(Evidence(sure_of(kind_of(scale)), wide, claim, None))
    assert isinstance(told, Question)
    assert told.doubt is doubt


def test_order_and_label_of_other_hardness_are_a_question() -> None:
    scale = SCALES["HRC"]
    order, label = Claim(scale, Decimal("25")), Claim(scale, Decimal("62"))
    told = route(Evidence(None, None, order, label))
    assert told == Question(Doubt.ORDER_AGAINST_HARDNESS, ("HRC",))
