"""An installed program has everything that it reads: no file of a package is left behind."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "setuptools"
]
PACKAGES = [name.removesuffix("*") for name in SETUPTOOLS["packages"]["find"]["include"]]
OF_OURS = (".py", ".pyc", ".md")


def packaged(file: Path) -> bool:
    """Tell whether a pattern of the package data takes a file."""
    for package, patterns in SETUPTOOLS["package-data"].items():
        folder = ROOT / package.replace(".", "/")
        if file.is_relative_to(folder):
            inside = file.relative_to(folder).as_posix()
            if any(fnmatch(inside, pattern) for pattern in patterns):
                return True
    return False


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_data_is_installed(package: str) -> None:
    files = [f for f in (ROOT / package).rglob("*") if f.is_file() and f.suffix not in OF_OURS]
    assert [f for f in files if not packaged(f)] == []


def test_the_examples_that_commands_begin_with_are_installed() -> None:
    assert "examples" in PACKAGES
    assert packaged(ROOT / "examples" / "lab.toml")
    assert packaged(ROOT / "examples" / "tray-rockwell.truth.csv")
