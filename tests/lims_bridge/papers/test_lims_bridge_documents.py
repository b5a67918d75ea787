import random
from decimal import Decimal
from pathlib import Path

import pytest

from lims_bridge.documents.fonts import font_folder
from lims_bridge.documents.numbers import exactly, place, shown, signed, told_apart
from lims_bridge.documents.setting import FontsMissingError, Typesetter
from lims_bridge.documents.words import DEMO, DRAFT, ELECTRONIC, FAIL, PASS, TITLES
from lims_bridge.issue import Language, kind_of, valid_until
from lims_bridge.press import Press, Printed, Stopped
from lims_bridge.record import CalibrationRecord
from lims_bridge.record_parts import Reading
from tests.lims_bridge.papers.reading import pages, squeezed
from tests.lims_bridge.papers.specimens import FAILING, issue_of, specimen

RECORDS = {
    "pass": specimen(),
    "fail": specimen(values=FAILING),
    "calibration": specimen(service="calibration"),
    "draft": specimen(confirmed=False),
    "brinell": specimen(symbol="HBW10/3000", values=("300", "301", "302", "303", "304")),
}
LANGUAGES: tuple[Language, ...] = ("zh", "en", "both")


def made(press: Press, record: CalibrationRecord, language: Language) -> Printed:
    printed = press.make(record, issue_of(record, language=language))
    assert isinstance(printed, Printed), printed
    return printed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", RECORDS)
def test_the_pages_say_what_the_record_says(
    press: Press, tmp_path: Path, name: str, language: Language
) -> None:
    record = RECORDS[name]
    text = "".join(pages(made(press, record, language).pdf, tmp_path))
    for wanted in facts(record, language):
        assert squeezed(wanted) in text, wanted


def facts(record: CalibrationRecord, language: Language) -> list[str]:
    """Everything of a record that must be readable on its document."""
    symbol, result, lab = record.scale.symbol, record.result, record.laboratory
    texts = [
        lab.name,
        lab.place,
        lab.address,
        record.order.customer.name,
        record.item.name,
        record.item.manufacturer.name,
        *(each.name for each in record.equipment),
        *(each.issued_by for each in record.equipment),
    ]
    spoken = [text.zh for text in texts] if language != "en" else []
    spoken += [text.en for text in texts] if language != "zh" else []
    unit = symbol if record.method.measure == "range" else "%"
    return [
        *spoken,
        "HRJ2026-00001",
        record.number,
        record.order.number,
        record.digest(),
        record.item.serial,
        record.item.model,
        record.method.code,
        lab.authorisation,
        lab.phone,
        lab.email,
        "张检定",
        "李核验",
        "王批准",
        f"{exactly(result.value)} {symbol}",
        f"{told_apart(result.uniformity, result.limit)[0]} {unit}",
        f"U = {shown(record.uncertainty.expanded)} {symbol} (k = 2)",
        "23.1 °C",
        "45 %RH",
        "(20~70) HRC",
        *(f"{each.symbol.split('_')[1]}" for each in record.uncertainty.components),
        *(f"{shown(each.value, 3)} {symbol}" for each in record.uncertainty.components),
        *(line for reading in record.valid_readings for line in row(reading)),
        *(each.identity for each in record.equipment),
        *(each.certificate for each in record.equipment),
        *(each.valid_until.isoformat() for each in record.equipment),
        *(signed(duty.deviation) for duty in record.duties if duty.deviation is not None),
    ]


def row(reading: Reading) -> list[str]:
    assert reading.hardness is not None
    return [
        exactly(reading.hardness),
        place(reading.x_mm),
        place(reading.y_mm),
        str(reading.number),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdict_and_validity_are_where_they_belong(
    press: Press, tmp_path: Path, language: Language
) -> None:
    index = 0 if language != "en" else 1
    texts = {
        name: "".join(pages(made(press, record, language).pdf, tmp_path))
        for name, record in RECORDS.items()
    }
    said = {"zh": "检定结论", "en": "Conclusion", "both": "检定结论Conclusion"}[language]
    last = valid_until(RECORDS["pass"], "verification")
    assert last is not None
    until = (f"{last.year}年{last.month:02d}月{last.day:02d}日", last.isoformat())[index]
    assert said + PASS[index] in texts["pass"]
    assert said + FAIL[index] in texts["fail"]
    assert said not in texts["calibration"]
    assert until in texts["pass"]
    assert until not in texts["fail"]
    assert until not in texts["calibration"]
    assert squeezed(("不合格项目", "Failed items")[index]) in texts["fail"]
    for name, record in RECORDS.items():
        assert squeezed(TITLES[kind_of(record)][index]).casefold() in texts[name].casefold()


def test_every_page_says_that_it_is_electronic_and_draft_and_demo(
    press: Press, tmp_path: Path
) -> None:
    found = pages(made(press, RECORDS["draft"], "both").pdf, tmp_path)
    assert len(found) == 3
    for number, page in enumerate(found, 1):
        assert squeezed(ELECTRONIC["verification"][0]) in page
        assert squeezed(DRAFT[0]) in page
        assert squeezed(DRAFT[1]) in page
        assert squeezed(DEMO[0]) in page
        assert f"第{number}页共3页" in page
    real = pages(made(press, RECORDS["pass"], "both").pdf, tmp_path)
    assert not any(squeezed(DRAFT[0]) in page for page in real)


def test_what_markup_would_eat_is_printed(press: Press, tmp_path: Path) -> None:
    name = r"甲~乙 <b> *强* _下_ #x $y$ @z \\ [k] {j} // -- \" `c` 示例"
    record = specimen(customer=name)
    text = "".join(pages(made(press, record, "zh").pdf, tmp_path))
    assert squeezed(name) in text


@pytest.mark.parametrize("letter", ["𠮷", "㛃"])
def test_a_rare_name_is_printed(press: Press, tmp_path: Path, letter: str) -> None:
    record = specimen(customer=f"{letter}田公司")
    assert letter in "".join(pages(made(press, record, "zh").pdf, tmp_path))


@pytest.mark.parametrize("letter", ["🔩", "\U000323b0", "\ue000"])
def test_a_missing_glyph_stops_the_document(press: Press, letter: str) -> None:
    record = specimen(customer=f"{letter}田公司")
    stopped = press.make(record, issue_of(record))
    assert isinstance(stopped, Stopped)
    reason = stopped.reasons[0]
    assert f"U+{ord(letter):04X}" in reason or f"{ord(letter):x}" in reason, reason
    assert "write it otherwise" in reason or "PDF/A" in reason


def test_the_same_record_gives_the_same_page(typesetter: Typesetter, pictures: Path) -> None:
    preview = Press(typesetter, pictures)
    record = specimen(confirmed=False)
    issue = issue_of(record, demo=False)
    first, second = preview.make(record, issue), preview.make(record, issue)
    assert isinstance(first, Printed)
    assert first == second
    assert not first.sealed


def test_it_is_an_archive_file(press: Press) -> None:
    pdf = made(press, RECORDS["pass"], "both").pdf
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert pdf.startswith(b"%PDF-1.7")


def test_long_names_still_fit_on_three_pages(press: Press, tmp_path: Path) -> None:
    generator = random.Random(7)
    long = "".join(generator.choices("示例机械制造有限公司华东分厂计量中心", k=60))
    found = pages(made(press, specimen(customer=long), "both").pdf, tmp_path)
    assert squeezed(long) in found[0]
    assert len(found) == 3


def test_another_picture_is_not_printed(typesetter: Typesetter, tmp_path: Path) -> None:
    record = specimen()
    picture = record.pictures[0].sha256
    (tmp_path / f"{picture}.png").write_bytes(b"something else")
    stopped = Press(typesetter, tmp_path).make(record, issue_of(record))
    assert isinstance(stopped, Stopped)
    assert "not the one recorded" in stopped.reasons[0]


def test_missing_typefaces_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARDLAB_FONTS", str(tmp_path))
    assert font_folder() is None
    with pytest.raises(FontsMissingError, match="make fonts"):
        Typesetter()


@pytest.mark.parametrize(
    ("number", "limit", "said"),
    [
        ("0.28", "0.58214", ("0.28", "0.58")),
        ("0.4", "0.4", ("0.40", "0.40")),
        ("0.4004", "0.4", ("0.4004", "0.4000")),
        ("1.324", "2.0", ("1.32", "2.00")),
        ("0.398", "0.4", ("0.398", "0.400")),
    ],
)
def test_a_number_is_told_apart_from_its_limit(
    number: str, limit: str, said: tuple[str, str]
) -> None:
    assert told_apart(Decimal(number), Decimal(limit)) == said
