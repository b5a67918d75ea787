"""Reading documents back with other people's programs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest


def pages(pdf: bytes, folder: Path) -> list[str]:
    """Return the text of each page, blanks removed; skip where Poppler is not installed."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (Debian: poppler-utils)")
    path = folder / "read.pdf"
    path.write_bytes(pdf)
    made = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], capture_output=True, check=True, text=True
    )
    return [squeezed(page) for page in made.stdout.split("\f")[:-1]]


def squeezed(text: str) -> str:
    """Return a text without blanks: where lines break is no content."""
    return re.sub(r"\s+", "", text)
