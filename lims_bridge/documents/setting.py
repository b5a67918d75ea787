"""Setting a sheet as PDF/A-3a with Typst. What cannot be set as it should is not set at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import typst

from lims_bridge.documents.fonts import HELP, font_folder

TEMPLATE: Final = Path(__file__).parent / "certificate.typ"
STANDARD: Final = "a-3a"


@dataclass(frozen=True, slots=True)
class Unset:
    """The document could not be set, in plain words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file to travel inside the PDF; ``relationship`` is PDF's ("data", "source")."""

    name: str
    text: str
    mime: str
    relationship: str
    description: str


class FontsMissingError(RuntimeError):
    """The typefaces are not installed; the message says how to get them."""


class Typesetter:
    """Sets documents one after the other; opening one is dear, a further document cheap.

    A context manager: it owns a folder for the photographs. Not for several threads.
    """

    def __init__(self) -> None:
        """Load the typefaces. Raises `FontsMissingError`."""
        fonts = font_folder()
        if fonts is None:
            raise FontsMissingError(HELP)
        self._folder = Path(tempfile.mkdtemp(prefix="hardlab-set-"))
        shutil.copy(TEMPLATE, self._folder)
        self._compiler = typst.Compiler(
            input=str(self._folder / TEMPLATE.name),
            root=str(self._folder),
            font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(fonts)]),
        )

    def __enter__(self) -> Typesetter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def bring(self, name: str, content: bytes) -> None:
        """Put a photograph beside the template, for sheets that name it."""
        (self._folder / name).write_bytes(content)

    def set(
        self, sheet: Mapping[str, Any], attachments: tuple[Attachment, ...], day: date
    ) -> bytes | Unset:
        """Return the PDF, dated ``day``: the same input gives the same bytes.

        PDF/A forbids a missing glyph, so a name with a character that no typeface has comes
        back as `Unset` instead of a certificate with a box in it.
        """
        named = {each.name: _described(each, i) for i, each in enumerate(attachments)}
        inputs = {f"file{i}": each.text for i, each in enumerate(attachments)}
        inputs["sheet"] = json.dumps({**sheet, "attachments": named}, ensure_ascii=False)
        try:
            pdf = self._compiler.compile(
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=STANDARD,
                timestamp=datetime.combine(day, time(), UTC),
            )
        except typst.TypstError as error:
            return Unset(_plain(error))
        assert isinstance(pdf, bytes)
        return pdf


def _described(each: Attachment, number: int) -> dict[str, str]:
    return {
        "input": f"file{number}",
        "mime": each.mime,
        "relationship": each.relationship,
        "description": each.description,
    }


_NO_GLYPH = re.compile(r"the text `\"(.*)\"` could not be displayed with font")


def _plain(error: typst.TypstError) -> str:
    lacking = _NO_GLYPH.search(error.message)
    if lacking is not None:
        named = " ".join(f"{each} (U+{ord(each):04X})" for each in lacking.group(1))
        return (
            f"no typeface has {named}: write it otherwise, or add a typeface that has it to the "
            "folder that HARDLAB_FONTS names"
        )
    hints = "; ".join(error.hints)
    return f"{error.message}{f' ({hints})' if hints else ''}"
