import os
from pathlib import Path

import pytest
from lxml import etree

from lims_bridge.dcc.build import build
from lims_bridge.dcc.elements import NAMES
from lims_bridge.dcc.schema import VARIABLE, schema_folder, violations
from lims_bridge.issue import Replaced
from lims_bridge.press import Press, Printed
from lims_bridge.record import CalibrationRecord
from lims_bridge.sealing.demo import demo_seal
from lims_bridge.sealing.xml_seal import seal_xml
from lims_bridge.verifying.agreement import disagreements, number_of
from tests.lims_bridge.papers.specimens import FAILING, issue_of, specimen

BRINELL = specimen(symbol="HBW10/3000", values=("300", "301", "302", "303", "304"))
RECORDS = [
    specimen(),
    specimen(values=FAILING),
    specimen(service="calibration"),
    specimen(confirmed=False),
    BRINELL,
]


@pytest.fixture
def schemas() -> Path:
    folder = schema_folder()
    if folder is None:
        pytest.skip(f"PTB's schemas are licensed apart: name a folder with them in {VARIABLE}")
    return folder


@pytest.mark.parametrize("record", RECORDS)
def test_it_is_valid_before_and_after_signing(record: CalibrationRecord, schemas: Path) -> None:
    root = build(record, issue_of(record))
    assert violations(root, schemas) == ()
    assert violations(etree.fromstring(seal_xml(root, demo_seal())), schemas) == ()


def test_an_amended_one_is_valid_and_names_what_it_replaces(schemas: Path) -> None:
    record = specimen()
    old = Replaced(identity="HRJ2026-00001", pdf_sha256="ab" * 32, reason="客户名称更正")
    root = build(record, issue_of(record).model_copy(update={"revision": 2, "replaces": old}))
    assert violations(root, schemas) == ()
    assert number_of(root) == "HRJ2026-00001-R2"
    assert root.findtext(".//dcc:replacedUniqueIdentifier", namespaces=NAMES) == "HRJ2026-00001"
    assert root.findtext(".//dcc:previousReport/dcc:value", namespaces=NAMES) == "ab" * 32


def test_the_schemas_find_what_is_wrong(schemas: Path) -> None:
    root = build(specimen(), issue_of(specimen()))
    number = root.find(".//dcc:uniqueIdentifier", NAMES)
    assert number is not None
    number.getparent().remove(number)
    assert any("uniqueIdentifier" in line for line in violations(root, schemas))


def test_an_invalid_certificate_stops_the_document(press: Press, schemas: Path) -> None:
    record = specimen()
    wrong = issue_of(record, number="HRJ 2026-00001 ")
    stopped = press.make(record, wrong)
    # Blanks at the end of a number are cut, not refused: the schema allows none.
    assert isinstance(stopped, Printed)


# The library warns of its own future whatever it reads.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:dsi_unit")
def test_units_are_what_the_si_knows() -> None:
    units = pytest.importorskip("dsi_unit", reason="dsiunits is not installed")
    for record in RECORDS:
        root = build(record, issue_of(record))
        written = {node.text for node in root.iter("{https://ptb.de/si}unit")}
        written |= {node.text for node in root.iter("{https://ptb.de/si}unitXMLList")}
        assert written >= {r"\one", r"\degreecelsius", r"\percent", r"\milli\metre"}
        assert all(units.DsiUnit(unit).valid for unit in written)


@pytest.mark.parametrize("record", RECORDS)
def test_it_says_what_the_record_says(record: CalibrationRecord) -> None:
    root = build(record, issue_of(record))
    assert disagreements(root, record) == ()
    status = root.findtext(".//dcc:conformity", namespaces=NAMES)
    if record.order.service == "calibration":
        assert status is None
    elif record.draft:
        assert status == "conditionalPass"
    else:
        assert status == ("pass" if record.judgement.passed else "fail")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".//si:valueXMLList", "readings"),
        (".//dcc:quantity[@refType='hardlab_mean']/si:real/si:value", "mean"),
        (".//dcc:quantity[@refType='hardlab_mean']//si:valueExpandedMU", "uncertainty"),
        (".//dcc:quantity[@refType='hardlab_uniformity']/si:real/si:value", "uniformity"),
        (".//dcc:item//dcc:value", "serial number"),
        (".//dcc:usedMethod/dcc:norm", "method"),
    ],
)
def test_a_difference_is_named(path: str, name: str) -> None:
    record = specimen()
    root = build(record, issue_of(record))
    node = root.find(path, NAMES)
    assert node is not None
    node.text = "9" + (node.text or "")
    (line,) = disagreements(root, record)
    assert line.startswith(name)


def test_hardness_is_a_number_with_a_unit_of_its_own() -> None:
    root = build(BRINELL, issue_of(BRINELL))
    mean = root.find(".//dcc:quantity[@refType='hardlab_mean']", NAMES)
    assert mean is not None
    assert mean.findtext("si:real/si:unit", namespaces=NAMES) == r"\one"
    assert mean.findtext(".//dcc:nonSIUnit", namespaces=NAMES) == "HBW10/3000"
    uniformity = root.find(".//dcc:quantity[@refType='hardlab_uniformity']", NAMES)
    assert uniformity is not None
    # Brinell uniformity is in percent, so it bears no unit of the scale.
    assert uniformity.findtext("si:real/si:unit", namespaces=NAMES) == r"\percent"
    assert uniformity.find(".//dcc:nonSIUnit", NAMES) is None


def test_without_schemas_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert schema_folder() is None
    monkeypatch.setenv(VARIABLE, os.devnull)
    assert schema_folder() is None
