"""The table of certificates for `hardlab audit certificates`; loaded only when it runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import opened
from lims_bridge.documents.words import TITLES
from lims_bridge.keeping.certificates import Listed, certificates, missing_numbers
from lims_bridge.keeping.erasure import erased
from lims_bridge.office.log import OfficeLogError
from lims_bridge.record import in_china
from lims_bridge.review.desk import all_reviews


def certificate_table(out: Path, *, as_json: bool) -> bool:
    """Print the table; return whether everything in it is as it was issued."""
    with opened(out) as office:
        try:
            reviews = all_reviews(office.engine).values()
            struck = erased(office.engine)
        except (OfficeLogError, ValueError) as error:
            refuse(f"{error}; see: hardlab audit verify", code=NOT_DONE)
        book = certificates(office.engine, office.place.files, reviews, struck)
        gone = missing_numbers(office.engine)
    if as_json:
        print(json.dumps([_plain(each) for each in book], ensure_ascii=False, indent=2))
    else:
        for each in book:
            _tell(each)
    for gap in gone:
        print(f"FAIL {gap}", file=sys.stderr if as_json else sys.stdout)
    bad = [each for each in book if not each.good]
    if not book:
        print("no certificate was made yet: hardlab certificate make", file=sys.stderr)
    if bad or gone:
        print(
            f"hardlab: {len(bad)} of {len(book)} are not as they were issued, "
            f"{len(gone)} gaps; take what is missing from a backup",
            file=sys.stderr,
        )
    return not bad and not gone


def _tell(each: Listed) -> None:
    mark = "ok  " if each.good else "FAIL"
    day = f"{in_china(each.issued_at):%Y-%m-%d}" if each.issued_at else "-"
    title = TITLES[each.kind][0] if each.kind in TITLES else "-"
    print(f"{mark} {each.identity:20} {each.state:9} {day:10} {title} {each.key or ''}")
    if each.said:
        print(f"       {each.said}")
    for file in each.files:
        print(f"       {file.name:4} {file.sha256}  {file.found}")
    for trouble in each.troubles:
        print(f"       {trouble}")


def _plain(each: Listed) -> dict[str, Any]:
    return {
        "certificate": each.identity,
        "kind": each.kind,
        "record": str(each.key or ""),
        "state": each.state,
        "issued_at": each.issued_at.isoformat() if each.issued_at else None,
        "said": each.said,
        "files": [{"kind": f.name, "sha256": f.sha256, "found": f.found} for f in each.files],
        "good": each.good,
        "trouble": each.trouble,
    }
