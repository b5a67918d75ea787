"""Where the typefaces of the documents are found. They are Debian's package fonts-noto-cjk.

System fonts at large are not used: a document must look alike on every machine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

VARIABLE: Final = "HARDLAB_FONTS"
FILES: Final = ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc")
HELP: Final = (
    "no typefaces for Chinese: make fonts puts them into the virtual environment (no root "
    f"needed), or apt install fonts-noto-cjk, or name their folder in {VARIABLE}"
)


def font_folder() -> Path | None:
    """Return the first folder that has the typefaces; None if there is none (see `HELP`)."""
    return next((folder for folder in _places() if _complete(folder)), None)


def _places() -> Iterator[Path]:
    named = os.environ.get(VARIABLE)
    if named:
        yield Path(named)
        return
    yield Path(sys.prefix) / "share" / "fonts" / "hardlab"
    yield Path("/usr/share/fonts/opentype/noto")
    yield Path("/usr/share/fonts/noto-cjk")


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


def main() -> int:
    """Print the folder of the typefaces; return 1 and print the remedy if there is none."""
    folder = font_folder()
    print(folder or HELP, file=sys.stdout if folder else sys.stderr)
    return 0 if folder else 1


if __name__ == "__main__":
    sys.exit(main())
