from collections.abc import Iterator
from pathlib import Path

import pytest

from hil_sim.scenario.demo_request import Request
from hil_sim.scenario.demo_session import run_demo
from lims_bridge.documents.setting import FontsMissingError, Typesetter
from lims_bridge.press import Press
from lims_bridge.sealing.demo import demo_seal, write_root
from tests.lims_bridge.papers.specimens import keep_picture

MANIFEST = """slot,number,scale,shape,width_mm,depth_mm,nominal,nominal_uniformity
1,2007-101,HRC,round,64,64,61.2,0.2
2,2014-320,HRC,round,64,64,61.7,0.3
3,2014-310,HRC,round,64,64,45.2,0.2
"""
TRUTH = """number,hardness,uniformity,old_marks,code
2007-101,61.2,0.2,0,
2014-320,61.6,0.9,6,
2014-310,45.2,0.2,0,
"""


@pytest.fixture(scope="session")
def typesetter() -> Iterator[Typesetter]:
    """A typesetter; visibly skipped where the typefaces are not installed (make fonts)."""
    try:
        made = Typesetter()
    except FontsMissingError as error:
        pytest.skip(str(error))
    with made:
        yield made


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    keep_picture(folder)
    return folder


@pytest.fixture(scope="session")
def press(typesetter: Typesetter, pictures: Path) -> Press:
    return Press(typesetter, pictures, demo_seal())


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(demo_seal(), tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated tray: a block that passes, one that fails, one to calibrate."""
    folder = tmp_path_factory.mktemp("run")
    manifest = folder / "small.csv"
    manifest.write_text(MANIFEST, encoding="utf-8")
    manifest.with_name("small.truth.csv").write_text(TRUTH, encoding="utf-8")
    assert run_demo(Request(manifest=manifest, out=folder / "out", as_json=True)) == 0
    return folder / "out"
