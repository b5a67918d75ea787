"""A record as one row of CSV and as XML, for a LIMS that reads files. Pure."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lims_bridge.delivery.parcel import Parcel

COLUMNS = (
    ("key", "key"),
    ("event", "notice.event"),
    ("record", "notice.record"),
    ("revision", "notice.revision"),
    ("certificate", "notice.certificate"),
    ("digest", "notice.digest"),
    ("order", "content.order.number"),
    ("customer", "content.order.customer.name.zh"),
    ("block", "content.item.number"),
    ("serial", "content.item.serial"),
    ("scale", "content.scale.symbol"),
    ("regulation", "content.method.code"),
    ("ended", "content.ended"),
    ("mean", "content.result.value"),
    ("uniformity", "content.result.uniformity"),
    ("limit", "content.result.limit"),
    ("expanded_uncertainty", "content.uncertainty.expanded"),
    ("passed", "content.judgement.passed"),
)
"""Column name, and where its value stands; numbers are copied digit by digit."""


def csv_of(parcel: Parcel) -> bytes:
    """Return a header and one row, UTF-8 with a byte order mark, lines ended as RFC 4180 says.

    The mark makes spreadsheets read Chinese. The readings and the files follow in columns of their
    own, numbered from 1.
    """
    row = fields_of(parcel)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(row)
    writer.writerow([_harmless(value) for value in row.values()])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def xml_of(parcel: Parcel) -> bytes:
    """Return the same as XML, with readings and documents as elements."""
    row = fields_of(parcel)
    lines = [f"  <{name}>{escape(value)}</{name}>" for name, value in row.items()]
    body = "\n".join(lines)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<record key={quoteattr(parcel.key)}>'
    return f"{head}\n{body}\n</record>\n".encode()


def fields_of(parcel: Parcel) -> dict[str, str]:
    """Return the values by column name, in order."""
    root: dict[str, Any] = {
        "key": parcel.key,
        "notice": parcel.notice,
        "content": parcel.content,
    }
    row = {name: _text(_at(root, path)) for name, path in COLUMNS}
    readings = parcel.content.get("readings", ())
    valid = [r for r in readings if r.get("state") == "confirmed"]
    row |= {f"reading_{n}": _text(r.get("hardness")) for n, r in enumerate(valid, 1)}
    for n, document in enumerate(parcel.documents, 1):
        row |= {f"file_{n}": document.name, f"file_{n}_sha256": document.sha256}
    return row


def _at(root: Any, path: str) -> object:  # noqa: ANN401  # JSON
    for step in path.split("."):
        root = root.get(step) if hasattr(root, "get") else None
    return root


def _text(value: object) -> str:
    if value is None:
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _harmless(value: str) -> str:
    # A spreadsheet would run a cell that begins like a formula; a number may begin with a sign.
    if (value[:1] in "=@\t\r" and value) or (value[:1] in "+-" and not _number(value)):
        return f"'{value}"
    return value


def _number(value: str) -> bool:
    return value[1:].replace(".", "", 1).isdigit()
