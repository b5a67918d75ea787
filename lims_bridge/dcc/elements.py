"""Writing the elements of a DCC. Empty texts are left out: the schema forbids them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from lxml import etree

from lims_bridge.exact import Text

VERSION: Final = "3.3.0"
DCC: Final = "https://ptb.de/dcc"
SI: Final = "https://ptb.de/si"
NAMES: Final = {"dcc": DCC, "si": SI}

Element: TypeAlias = etree._Element
Child: TypeAlias = "Element | str | None"


def dcc(tag: str, *children: Child, **attributes: str) -> Element:
    """Return an element of the DCC's namespace; children that are None are left out."""
    return _element(DCC, tag, children, attributes)


def si(tag: str, *children: Child) -> Element:
    """Return an element of the D-SI namespace."""
    return _element(SI, tag, children, {})


def some(tag: str, text: str) -> Element | None:
    """Return an element with a text; None if the text is empty."""
    return dcc(tag, text) if text.strip() else None


def words(tag: str, text: Text | tuple[str, str]) -> Element:
    """Return an element with its content in Chinese and, where there is one, in English."""
    zh, en = (text.zh, text.en) if isinstance(text, Text) else text
    contents = [dcc("content", zh, lang="zh")]
    if en:
        contents.append(dcc("content", en, lang="en"))
    return dcc(tag, *contents)


def list_of(tag: str, children: Iterable[Element]) -> Element | None:
    """Return an element around children; None if there are none."""
    kept = list(children)
    return dcc(tag, *kept) if kept else None


def _element(
    namespace: str, tag: str, children: Iterable[Child], attributes: dict[str, str]
) -> Element:
    made = etree.Element(f"{{{namespace}}}{tag}", attributes, nsmap=NAMES)
    for child in children:
        if isinstance(child, str):
            # The schema's texts have no blanks at their ends.
            made.text = child.strip()
        elif child is not None:
            made.append(child)
    return made
