"""A record and its issue as DCC 3.3.0, unsigned."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from lims_bridge.dcc import results
from lims_bridge.dcc.elements import VERSION, Element, dcc, list_of, some, words
from lims_bridge.documents.words import DEMO_WHY, DRAFT_WHY, LABELS, TITLES
from lims_bridge.issue import Duty, Issue, Signer, valid_until
from lims_bridge.record import CalibrationRecord, in_china
from lims_bridge.record_parts import Party

NAMESPACE = "https://ptb.de/dcc https://ptb.de/dcc/v3.3.0/dcc.xsd"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"


def build(record: CalibrationRecord, issue: Issue) -> Element:
    """Return the root element."""
    root = dcc(
        "digitalCalibrationCertificate",
        _administrative(record, issue),
        dcc("measurementResults", results.measurement(record, issue)),
        schemaVersion=VERSION,
    )
    root.set(SCHEMA_LOCATION, NAMESPACE)
    return root


def _administrative(record: CalibrationRecord, issue: Issue) -> Element:
    return dcc(
        "administrativeData",
        _software(),
        results.reference_types(),
        _core(record, issue),
        dcc("items", _item(record)),
        _laboratory(record, issue),
        dcc("respPersons", *_persons(issue)),
        _customer(record),
        list_of("statements", _statements(record, issue)),
    )


def _software() -> Element:
    return dcc(
        "dccSoftware",
        dcc(
            "software",
            dcc("name", dcc("content", "hardlab")),
            dcc("release", version("hardlab")),
            dcc("type", "application"),
        ),
    )


def _core(record: CalibrationRecord, issue: Issue) -> Element:
    received = record.order.received_on
    return dcc(
        "coreData",
        dcc("countryCodeISO3166_1", record.laboratory.country),
        dcc("usedLangCodeISO639_1", "zh"),
        dcc("usedLangCodeISO639_1", "en"),
        dcc("mandatoryLangCodeISO639_1", "en" if issue.language == "en" else "zh"),
        dcc("uniqueIdentifier", issue.identity),
        dcc(
            "identifications",
            _identification("calibrationLaboratory", record.number, LABELS["record"], "record"),
            _identification("calibrationLaboratory", record.digest(), LABELS["digital"], "digest"),
            _identification("customer", record.order.number, LABELS["order"], "order"),
        ),
        None if received is None else dcc("receiptDate", received.isoformat()),
        dcc("beginPerformanceDate", in_china(record.began).isoformat()),
        dcc("endPerformanceDate", record.measured_on.isoformat()),
        dcc("performanceLocation", "laboratory"),
        dcc("issueDate", issue.issued_on.isoformat()),
        *_previous(issue),
    )


def _previous(issue: Issue) -> Iterator[Element]:
    old = issue.replaces
    if old is None:
        return
    yield dcc(
        "reportAmendedSubstituted",
        dcc("typeOfChange", "substituted"),
        dcc("replacedUniqueIdentifier", old.identity),
    )
    yield dcc(
        "previousReport",
        dcc("referral", dcc("content", old.reason, lang="zh")),
        dcc("referralID", old.identity),
        dcc("procedure", "SHA-256"),
        dcc("value", old.pdf_sha256),
    )


def _identification(issuer: str, value: str, name: tuple[str, str], kind: str) -> Element:
    return dcc(
        "identification",
        dcc("issuer", issuer),
        dcc("value", value),
        words("name", name),
        refType=f"hardlab_{kind}",
    )


def _item(record: CalibrationRecord) -> Element:
    item = record.item
    return dcc(
        "item",
        words("name", item.name),
        dcc("manufacturer", words("name", item.manufacturer.name)),
        some("model", item.model),
        dcc(
            "identifications",
            dcc(
                "identification",
                dcc("issuer", "manufacturer"),
                dcc("value", item.serial),
                words("name", LABELS["serial"]),
                refType="basic_serialNumber",
            ),
        ),
        id="item1",
    )


def _laboratory(record: CalibrationRecord, issue: Issue) -> Element:
    lab = record.laboratory
    contact = dcc(
        "contact",
        words("name", lab.name),
        some("eMail", lab.email),
        some("phone", lab.phone),
        some("fax", lab.fax),
        dcc(
            "location",
            dcc("city", lab.city),
            dcc("countryCode", lab.country),
            some("postCode", lab.postcode),
            dcc("further", *words("further", lab.address)),
        ),
    )
    return dcc(
        "calibrationLaboratory",
        some("calibrationLaboratoryCode", lab.authorisation),
        contact,
        dcc("cryptElectronicSeal", "false" if issue.draft and not issue.demo else "true"),
    )


_ROLES: dict[Duty, str] = {
    "tester": "检定员 tester",
    "checker": "核验员 checker",
    "approver": "批准人 approver",
}


def _persons(issue: Issue) -> Iterator[Element]:
    for signer in issue.signers:
        yield _person(signer)


def _person(signer: Signer) -> Element:
    return dcc(
        "respPerson",
        dcc("person", dcc("name", dcc("content", signer.name))),
        dcc("role", _ROLES[signer.duty]),
        dcc("mainSigner", "true") if signer.duty == "approver" else None,
    )


def _customer(record: CalibrationRecord) -> Element:
    customer: Party = record.order.customer
    address = customer.address
    return dcc(
        "customer",
        words("name", customer.name),
        dcc(
            "location",
            dcc("further", dcc("content", address.zh, lang="zh"))
            if address is not None
            else dcc("countryCode", record.laboratory.country),
        ),
    )


def _statements(record: CalibrationRecord, issue: Issue) -> Iterator[Element]:
    if issue.kind != "calibration":
        yield _verdict(record, issue)
    for name, said, why in (("draft", issue.draft, DRAFT_WHY), ("demo", issue.demo, DEMO_WHY)):
        if said:
            yield dcc("statement", words("declaration", why), id=name)


def _verdict(record: CalibrationRecord, issue: Issue) -> Element:
    last = valid_until(record, issue.kind)
    passed = "pass" if record.judgement.passed else "fail"
    status = f"conditional{passed.capitalize()}" if record.draft else passed
    return dcc(
        "statement",
        words("name", TITLES[issue.kind]),
        dcc("norm", record.method.code),
        words("declaration", record.judgement.reason),
        None if last is None else dcc("date", last.isoformat()),
        None if last is None else dcc("period", f"P{record.method.validity_months}M"),
        dcc("conformity", status),
        id="verdict",
        refType="basic_conformity",
    )
