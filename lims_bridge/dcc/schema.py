"""Checking a DCC against PTB's schemas, which are licensed apart from this program.

A folder with them is named by an environment variable; without one nothing is checked.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from lims_bridge.dcc.elements import Element

VARIABLE: Final = "DCC_XSD_DIR"
_FILES: Final = {
    "SI_Format.xsd": "SI_Format-2.2.0.xsd",
    "xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
    "quantitykind.xsd": "quantitykind.xsd",
}


class _Offline(etree.Resolver):
    """Finds imported schemas in the folder and nothing on the network."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ANN401  # as lxml calls it
        """Return the file that stands for an address."""
        name = _FILES.get((system_url or "").rsplit("/", 1)[-1])
        return None if name is None else self.resolve_filename(str(self._folder / name), context)


def schema_folder() -> Path | None:
    """Return the folder with the schemas, if one is named and there."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else None
    return folder if folder and (folder / "dcc-3.3.0.xsd").is_file() else None


def violations(root: Element, folder: Path) -> tuple[str, ...]:
    """Return what the schemas say against a certificate."""
    schema = _schema(folder)
    if schema.validate(root):
        return ()
    return tuple(f"line {entry.line}: {entry.message}" for entry in schema.error_log)


@cache
def _schema(folder: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Offline(folder))
    return etree.XMLSchema(etree.parse(str(folder / "dcc-3.3.0.xsd"), parser))
