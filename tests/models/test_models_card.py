import json
import shutil
from pathlib import Path

import pytest

from models.card import CARD, WEIGHTS, ModelError
from models.classifier import SHIPPED, Classifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (WEIGHTS, CARD):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def rewrite(folder: Path, **changed: object) -> None:
    card = json.loads((folder / CARD).read_text("utf-8"))
    (folder / CARD).write_text(json.dumps(card | changed), "utf-8")


def test_what_is_shipped_is_whole_and_small_enough(folder: Path) -> None:
    assert (folder / WEIGHTS).stat().st_size <= 20e6
    assert Classifier.load(folder).card.scores["test top-1"] > 0.5


def test_changed_weights_are_refused(folder: Path) -> None:
    raw = bytearray((folder / WEIGHTS).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(raw)
    with pytest.raises(ModelError, match="not the weights of"):
        Classifier.load(folder)


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        Classifier.load(folder)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kinds": ["cone", "pyramid"]}, "pyramid"),
        ({"zooms_mm": [9.0, 3.0, 1.0]}, "other views"),
        ({"side_px": 224}, "other views"),
        ({"temperature": 0}, "out of range"),
        ({"least_confidence": 1.5}, "out of range"),
        ({"temperature": None}, "not a model card"),
    ],
)
def test_a_card_for_something_else_is_refused(
    folder: Path, changed: dict[str, object], why: str
) -> None:
    rewrite(folder, **changed)
    with pytest.raises(ModelError, match=why):
        Classifier.load(folder)


def test_what_is_no_card_is_refused(folder: Path) -> None:
    (folder / CARD).write_text("[]", "utf-8")
    with pytest.raises(ModelError, match="not a model card"):
        Classifier.load(folder)
