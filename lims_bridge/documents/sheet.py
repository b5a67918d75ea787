"""What stands on a document, as one JSON object: words and numbers, no layout.

Everything the template prints is chosen here, so a document can be compared with its record.
"""

from __future__ import annotations

from typing import Any

from lims_bridge.documents import blocks, words
from lims_bridge.documents.numbers import day
from lims_bridge.documents.qr import qr_svg
from lims_bridge.documents.tongue import Tongue
from lims_bridge.documents.words import Words
from lims_bridge.issue import Duty, Issue, Signer, valid_until
from lims_bridge.record import CalibrationRecord

Row = tuple[Words, Words]


def compose(record: CalibrationRecord, issue: Issue, photograph: str | None) -> dict[str, Any]:
    """Return everything that a document says; ``photograph`` is a file beside the template."""
    tongue = Tongue(issue)
    return {
        "language": issue.language,
        "title": tongue.say(words.TITLES[issue.kind]),
        "number": issue.identity,
        "number_label": tongue.label("number"),
        "laboratory": tongue.text(record.laboratory.name),
        "electronic": tongue.say(words.ELECTRONIC[issue.kind]),
        "stamps": [
            *([tongue.say(words.DRAFT)] if issue.draft else []),
            *([tongue.say(words.DEMO)] if issue.demo else []),
        ],
        "cover": _cover(record, issue, tongue),
        "signers": [_signer(issue.signer(duty), duty, tongue) for duty in _DUTIES],
        "dates": _dates(record, issue, tongue),
        "seal": _seal(record, issue, tongue),
        "contact": _contact(record, tongue),
        "qr": qr_svg(issue.page_url),
        "page_url": issue.page_url,
        "blocks": blocks.inner(record, issue, tongue, photograph),
        "end": tongue.label("end"),
        "digest": {"label": tongue.label("digital"), "value": record.digest()},
    }


_DUTIES: tuple[Duty, ...] = ("approver", "checker", "tester")


def _cover(record: CalibrationRecord, issue: Issue, tongue: Tongue) -> list[Row]:
    item, customer = record.item, record.order.customer
    model = item.model or record.scale.symbol
    rows = [
        (tongue.label("customer"), tongue.text(customer.name)),
        (tongue.label("item"), tongue.text(item.name)),
        (tongue.label("model"), tongue.plain(model)),
        (tongue.label("serial"), tongue.plain(item.serial)),
        (tongue.label("manufacturer"), tongue.text(item.manufacturer.name)),
        (tongue.label("method"), tongue.plain(record.method.code)),
    ]
    if issue.kind == "verification":
        rows.append((tongue.label("conclusion"), tongue.say(words.PASS)))
    if issue.kind == "notice":
        rows.append((tongue.label("conclusion"), tongue.say(words.FAIL)))
        rows.append((tongue.label("failed"), _failed(record, tongue)))
    return rows


def _failed(record: CalibrationRecord, tongue: Tongue) -> Words:
    items = record.judgement.failed_items
    return tongue.say(
        ("、".join(each.zh for each in items), ", ".join(each.en or each.zh for each in items))
    )


def _signer(signer: Signer | None, duty: Duty, tongue: Tongue) -> dict[str, Any]:
    return {
        "label": tongue.label(duty),
        "name": signer.name if signer else "",
        "authorisation": signer.authorisation if signer else "",
        "signed_on": signer.signed_on.isoformat() if signer and signer.signed_on else "",
    }


def _dates(record: CalibrationRecord, issue: Issue, tongue: Tongue) -> list[Row]:
    rows = [(tongue.label("measured_on"), tongue.say(day(record.measured_on)))]
    last = valid_until(record, issue.kind)
    if last is not None:
        rows.append((tongue.label("valid_until"), tongue.say(day(last))))
    rows.append((tongue.label("issued_on"), tongue.say(day(issue.issued_on))))
    return rows


def _seal(record: CalibrationRecord, issue: Issue, tongue: Tongue) -> dict[str, Any] | None:
    # The picture of a seal is only where a seal is: a draft of a real laboratory has none.
    if issue.draft and not issue.demo:
        return None
    stamp = ("校准专用章", "") if issue.kind == "calibration" else ("检定专用章", "")
    return {
        "around": record.laboratory.name.zh,
        "middle": "演示签章" if issue.demo else stamp[0],
        "under": "DEMO" if issue.demo else "电子签章",
    }


def _contact(record: CalibrationRecord, tongue: Tongue) -> list[Row]:
    lab = record.laboratory
    rows = [
        (tongue.label("authorisation"), tongue.plain(lab.authorisation)),
        (tongue.label("lab_address"), tongue.text(lab.address)),
        (tongue.label("postcode"), tongue.plain(lab.postcode)),
        (tongue.label("phone"), tongue.plain(lab.phone)),
        (tongue.label("fax"), tongue.plain(lab.fax)),
        (tongue.label("email"), tongue.plain(lab.email)),
        (tongue.label("website"), tongue.plain(lab.website)),
    ]
    return [(name, value) for name, value in rows if any(value.values())]
