"""Learning itself; skipped where torch is not installed (CI has none: make train)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.classifier import Classifier
from models.confidence import Caution
from models.training.crops import Crops, Part, load, render_missing

torch = pytest.importorskip("torch", reason="torch is not installed: make train")
if None in map(find_spec, ("torchvision", "onnx")):
    pytest.skip("torchvision or onnx is not installed: make train", allow_module_level=True)

from models.training.alexnet import WeightsError, alexnet  # noqa: E402  # after the skip
from models.training.exporting import export  # noqa: E402  # after the skip
from models.training.fitting import fit, logits, toned  # noqa: E402  # after the skip
from models.training.operators import torchvision_models  # noqa: E402  # after the skip

_CROPS = 96


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def crops() -> Crops:
    rng = np.random.default_rng(1)
    kinds = np.arange(_CROPS) % 6
    views = rng.integers(0, 90, (_CROPS, 3, 64, 64)) + 25 * kinds[:, None, None, None]
    views[:, :, 20:40, 20:40] *= kinds[:, None, None, None] % 3
    nothing = np.zeros(_CROPS, np.float32)
    return Crops(views.clip(0, 255).astype(np.uint8), kinds, nothing, nothing)


def fresh() -> object:
    torch.manual_seed(7)
    return alexnet()


def test_the_convolutions_are_those_of_torchvision() -> None:
    theirs = torchvision_models().alexnet(weights=None).features
    ours = [layer for layer in fresh()[0] if isinstance(layer, torch.nn.Conv2d)]
    wanted = [layer for layer in theirs if isinstance(layer, torch.nn.Conv2d)]
    assert [one.weight.shape for one in ours] == [one.weight.shape for one in wanted]


def test_given_weights_are_taken_and_others_refused(tmp_path: Path) -> None:
    given = torchvision_models().alexnet(weights=None)
    path = tmp_path / "alexnet.pth"
    torch.save(given.state_dict(), path)
    first = alexnet(path)[0][0]
    assert torch.equal(first.weight, given.features[0].weight)
    torch.save({"layer.weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match=r"no features\.0\.weight"):
        alexnet(path)


def test_another_curve_of_brightness_keeps_what_is_brighter_or_turns_it_round() -> None:
    rng = np.random.default_rng(2)
    ramp = np.linspace(40, 180, 64 * 64).astype(np.uint8).reshape(64, 64)
    views = np.stack([np.stack([ramp] * 3)] * 400)
    shown = toned(views, rng).astype(int).reshape(400, -1)
    same = (shown == views.reshape(400, -1)).all(axis=1)
    rising, falling = (((sign * np.diff(shown[:, :4096])) >= 0).all(axis=1) for sign in (1, -1))
    assert 0.4 < same.mean() < 0.6
    assert (rising | falling).all()
    assert 0.1 < falling.mean() < 0.2
    assert {(40, 180)} == set(zip(shown.min(axis=1), shown.max(axis=1), strict=True))
    assert len(np.unique(shown[:, 2048])) > 50


def test_a_resumed_training_ends_as_one_that_was_not_stopped(crops: Crops, tmp_path: Path) -> None:
    whole = fresh()
    losses = [p.loss for p in fit(whole, crops, epochs=3, seed=1, keep=tmp_path / "a.pt")]
    assert losses[-1] < losses[0]
    first = fresh()
    for done in fit(first, crops, epochs=3, seed=1, keep=tmp_path / "b.pt"):
        if done.epoch == 2:
            break
    second = fresh()
    epochs = [p.epoch for p in fit(second, crops, epochs=3, seed=1, keep=tmp_path / "b.pt")]
    assert epochs == [2, 3]
    assert np.array_equal(logits(second, crops), logits(whole, crops))


def test_another_training_is_not_taken_for_this_one(crops: Crops, tmp_path: Path) -> None:
    list(fit(fresh(), crops, epochs=1, seed=1, keep=tmp_path / "a.pt"))
    with pytest.raises(ValueError, match="is of a run with"):
        next(fit(fresh(), crops, epochs=1, seed=2, keep=tmp_path / "a.pt"))


def test_what_is_exported_says_what_the_network_said(crops: Crops, tmp_path: Path) -> None:
    net = fresh()
    list(fit(net, crops, epochs=1, seed=1, keep=tmp_path / "a.pt"))
    folder = export(
        net, tmp_path, temperature=1.5, caution=Caution(0.8, 0.97), made_with={}, scores={}
    )
    deployed = Classifier.load(folder)
    assert deployed.card.temperature == 1.5
    assert deployed.card.caution == Caution(0.8, 0.97)
    assert np.abs(deployed.logits(crops.views) - logits(net, crops)).max() < 1e-3


def test_only_missing_crops_are_rendered(tmp_path: Path) -> None:
    list(render_missing(tmp_path, 1, Part.TRAIN, 30))
    (shard,) = tmp_path.iterdir()
    written = shard.stat().st_mtime_ns
    list(render_missing(tmp_path, 1, Part.TRAIN, 30))
    assert shard.stat().st_mtime_ns == written
    assert len(load(tmp_path, 1, Part.TRAIN, 30).kinds) == 30


def test_the_command_trains_reports_and_exports(tmp_path: Path) -> None:
    from controller.cli.app import build

    options = "--crops 64 --tests 60 --epochs 1 --limit-crops 6 --threads 1 --export"
    done = CliRunner().invoke(build(), ["train", *options.split(), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "Bayes limit" in (tmp_path / "report.html").read_text("utf-8")
    Classifier.load(tmp_path / "deployed")
