import asyncio
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from controller.gallery import Gallery, kept
from drivers.interfaces import Photograph

IMAGE = np.random.default_rng(1).integers(0, 255, (48, 64)).astype(np.uint8)
PHOTO = Photograph(64, 48, IMAGE.tobytes(), 20.0)
DIGEST = hashlib.sha256(IMAGE.tobytes()).hexdigest()


def keep(folder: Path | None, photo: Photograph = PHOTO) -> str:
    return asyncio.run(Gallery(folder).keep(photo))


def test_a_picture_is_found_by_the_hash_of_its_pixels(tmp_path: Path) -> None:
    assert keep(tmp_path / "new") == DIGEST
    (file,) = (tmp_path / "new").iterdir()
    assert file.name == f"{DIGEST}.png"
    seen = kept(file)
    assert seen is not None
    assert np.array_equal(seen, IMAGE)
    # Somebody else's program sees the same.
    assert np.array_equal(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), IMAGE)


def test_the_same_picture_is_kept_once_and_not_touched_again(tmp_path: Path) -> None:
    keep(tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_ino, file.stat().st_mtime_ns
    keep(tmp_path)
    assert [*tmp_path.iterdir()] == [file]
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == before


@pytest.mark.parametrize("left", [b"", b"\x89PNG\r\n\x1a\n", b"torn"])
def test_what_a_loss_of_power_left_is_written_anew(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / f"{DIGEST}.png"
    file.write_bytes(left)
    assert kept(file) is None
    keep(tmp_path)
    assert kept(file) is not None


def test_a_picture_under_another_one_s_name_is_not_believed(tmp_path: Path) -> None:
    keep(tmp_path)
    (file,) = tmp_path.iterdir()
    assert kept(file.rename(tmp_path / f"{'0' * 64}.png")) is None
    assert kept(tmp_path / "absent.png") is None


def test_without_a_folder_there_is_still_a_hash() -> None:
    assert keep(None) == DIGEST


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        keep(tmp_path / "file")
