"""The manifest of a tray: a good one is read as it stands, a damaged one explained row by row."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.events import BlockOrder
from controller.manifest import ManifestError, read_manifest
from metrology import find_scale, load_regulation

EXAMPLES = Path(__file__).parents[2] / "examples"
HEADER = "slot,number,scale,shape,width_mm,depth_mm,nominal,nominal_uniformity"
ROW = "1,2007-101,HRC,round,64,64,61.2,0.2"
GOOD = (EXAMPLES / "tray-rockwell.csv").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifests")


def read(folder: Path, content: str | bytes, slots: int = 33) -> tuple[BlockOrder, ...]:
    path = folder / "t.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_manifest(path, slots=slots).blocks


def problems(folder: Path, content: str | bytes, slots: int = 33) -> tuple[str, ...]:
    with pytest.raises(ManifestError) as caught:
        read(folder, content, slots)
    start = f"{folder / 't.csv'} row "
    for line in caught.value.problems:
        assert line.startswith(start)
        assert "; " in line, "says what to do"
    return tuple(line.removeprefix(start) for line in caught.value.problems)


def test_the_example_is_the_published_tray() -> None:
    manifest = read_manifest(
        EXAMPLES / "tray-rockwell.csv", slots=33, regulation=load_regulation("jjg113-2013")
    )
    assert manifest.tray == "tray-rockwell"
    assert [block.slot for block in manifest.blocks] == list(range(1, 34))
    published = {b.block: (b.nominal, b.nominal_uniformity) for b in manifest.blocks[:12]}
    assert published["2007-101"] == (Decimal("61.2"), Decimal("0.2"))
    assert published["2007-112"] == (Decimal("42.0"), Decimal("0.5"))
    assert list(published) == [f"2007-{n}" for n in range(101, 113)]


def test_the_example_truth_has_two_blocks_that_must_fail() -> None:
    with (EXAMPLES / "tray-rockwell.truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["number"]: row for row in csv.DictReader(file)}
    blocks = read_manifest(EXAMPLES / "tray-rockwell.csv", slots=33).blocks
    assert list(truth) == [block.block for block in blocks]
    regulation, scale = load_regulation("jjg113-2013"), find_scale("HRC")
    failing = {}
    for block in blocks:
        row = truth[block.block]
        limit = regulation.uniformity_limit(scale, Decimal(row["hardness"]))
        if Decimal(row["uniformity"]) > limit:
            failing[block.block] = row["uniformity"]
        assert block.nominal is not None
        assert block.nominal_uniformity is not None
        assert abs(block.nominal - Decimal(row["hardness"])) <= Decimal("0.1")
        assert block.nominal_uniformity <= limit, "nothing in the manifest gives the fails away"
    assert sorted(failing.values()) == ["0.9", "1.0"]
    marked = [int(row["old_marks"]) for row in truth.values() if row["old_marks"] != "0"]
    assert 9 <= len(marked) <= 13
    assert set(marked) <= set(range(5, 16))


def test_figures_stay_as_written_and_blocks_come_in_slot_order(folder: Path) -> None:
    two = f"{HEADER}\n7,B-7,HRC,rectangle,60.5,40,30.20,\n{ROW}\n"
    first, second = read(folder, two)
    assert first == BlockOrder(
        "2007-101", "HRC", 1, "round", 64, 64, Decimal("61.2"), Decimal("0.2")
    )
    assert (second.width_mm, second.depth_mm, str(second.nominal)) == (60.5, 40.0, "30.20")
    assert second.nominal_uniformity is None


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", " , "),
        GOOD.replace("\n", ",,\n"),
        GOOD + "\n,,,,,,,\n\n",
        GOOD.replace("slot,number", "Slot,NUMBER"),
        GOOD.replace(",HRC,", ',"HRC",'),
        GOOD.replace(",round,64,64,", ",Round,64,,"),
    ],
    ids=["bom", "crlf", "blanks", "commas", "blank-rows", "capitals", "quotes", "no-depth"],
)
def test_what_a_spreadsheet_adds_is_harmless(folder: Path, content: str) -> None:
    assert read(folder, content) == read(folder, GOOD)


def test_columns_may_be_in_any_order_and_optional_ones_left_out(folder: Path) -> None:
    (block,) = read(
        folder,
        "number,slot,shape,scale,depth_mm,width_mm\nA,3,round,hrc,64,64\n".replace("hrc", "HRC"),
    )
    assert (block.block, block.slot, block.nominal) == ("A", 3, None)


ROWS = [
    ("x,A,HRC,round,64,64,,", "slot 'x' is not a whole number"),
    ("0,A,HRC,round,64,64,,", "slot 0 is outside the tray; use 1 to 33"),
    ("34,A,HRC,round,64,64,,", "slot 34 is outside the tray"),
    ("-1,A,HRC,round,64,64,,", "slot '-1'"),
    ("１,A,HRC,round,64,64,,", "slot '１'"),
    (",A,HRC,round,64,64,,", "slot '' is not"),
    ("1,,HRC,round,64,64,,", "no number"),
    ("1,块-1,HRC,round,64,64,,", "does not fit a DataMatrix"),
    ("1,A\x07B,HRC,round,64,64,,", "does not fit a DataMatrix"),
    (f"1,{'A' * 25},HRC,round,64,64,,", "longer than 24"),
    ("1,2.007E+06,HRC,round,64,64,,", "rounded by a spreadsheet"),
    ("1,A,HRX,round,64,64,,", "did you mean HR"),
    ("1,A,,round,64,64,,", "no scale"),
    ("1,A,HRB,round,64,64,,", "unknown hardness scale 'HRB'"),
    ("1,A,HRC,oval,64,64,,", "shape 'oval' is not known; write round or rectangle"),
    ("1,A,HRC,round,6.4,6.4,,", "sizes go from 20 to 150 mm"),
    ("1,A,HRC,round,64,60,,", "64 mm wide and 60 mm deep"),
    ("1,A,HRC,rectangle,64,,,", "depth_mm is empty"),
    ("1,A,HRC,round,,,,", "width_mm is empty"),
    ('1,A,HRC,round,"64,5",,,', "use a point, not a comma"),
    ("1,A,HRC,round,6e1,,,", "width_mm '6e1' is not a number"),
    ("1,A,HRC,round,nan,,,", "width_mm 'nan' is not a number"),
    ("1,A,HRC,round,64,64,612,", "nominal 612 is outside HRC (20 to 70)"),
    ("1,A,HRC,round,64,64,61.2.,", "nominal '61.2.' is not a number"),
    ("1,A,HRC,round,64,64,61.2,61.2", "is it the hardness?"),
    ("1,A,HRC,round,64,64,61.2,0.2,x", "9 cells, but the header has 8"),
    ("1,A", "no scale"),
]


@pytest.mark.parametrize(("row", "words"), ROWS, ids=[words for _, words in ROWS])
def test_each_bad_cell_has_its_sentence(folder: Path, row: str, words: str) -> None:
    found = problems(folder, f"{HEADER}\n2,OK,HRC,round,64,64,,\n{row}\n")
    assert any(line.startswith("3: ") and words in line for line in found), found


FILES: list[tuple[str | bytes, str]] = [
    ("", "1: the file is empty"),
    ("\n \n,,\n", "1: the file is empty"),
    (HEADER, "1: the manifest names no block"),
    (f"\n{HEADER}\n{ROW}", "1: the first row is blank"),
    (ROW, "1: unknown column '2007-101'"),
    (HEADER.replace("scale", "Skala"), "1: unknown column 'skala'"),
    (HEADER.replace("scale,", ""), "1: column 'scale' is missing"),
    (f"{HEADER},slot\n{ROW},1", "1: column 'slot' stands there twice"),
    (f"{HEADER}\n{ROW}".replace(",", ";"), "1: cells are separated by semicolons"),
    (f"sep=;\n{HEADER}", "1: cells are separated by semicolons"),
    (f"{HEADER}\n{ROW}".replace(",", "\t"), "1: cells are separated by tabs"),
    (f"{HEADER}\n1,标准块,HRC,round,64,64,,".encode("gbk"), "2: the file is in GBK"),
    (f"{HEADER}\n{ROW}".encode("utf-16"), "1: the file is UTF-16"),
    (b"PK\x03\x04\xff\xfe", "1: the file is a workbook"),
    (HEADER.encode() + b"\n\xff\xff\xff", "2: the file is in an unknown encoding"),
    (f"{HEADER}\n\0{ROW}", "2: there are zero bytes"),
    (f'{HEADER}\n1,"A,HRC', "2: is not CSV"),
    (b"x" * 1_000_001, "1: the file is larger"),
    (
        f"{HEADER}\n{ROW}\n2,2007-101,HRC,round,64,64,,",
        "3: number '2007-101' stands in row 2 too",
    ),
    (f"{HEADER}\n{ROW}\n1,A,HRC,round,64,64,,", "3: slot 1 is taken by row 2"),
    (f"{HEADER}\n{ROW}\n2,A,HRA,round,64,64,,", "3: scale HRA, but row 2 has HRC"),
]


@pytest.mark.parametrize(("content", "words"), FILES, ids=[words for _, words in FILES])
def test_each_bad_file_has_its_sentence(folder: Path, content: str | bytes, words: str) -> None:
    assert any(line.startswith(words) for line in problems(folder, content))


def test_the_thirty_fourth_block_has_no_place(folder: Path) -> None:
    rows = "".join(f"{i},B{i},HRC,round,64,64,,\n" for i in range(1, 35))
    found = problems(folder, f"{HEADER}\n{rows}", slots=33)
    assert any(line.startswith("35: slot 34 is outside the tray") for line in found)
    rows = rows.replace("34,B34", "33,B34")
    found = problems(folder, f"{HEADER}\n{rows}", slots=33)
    assert any(line.startswith("35: this is block 34, the tray has 33 slots") for line in found)
    assert len(read(folder, f"{HEADER}\n{rows.replace('33,B34', '34,B34')}", slots=34)) == 34


def test_all_problems_of_a_file_come_at_once_in_order(folder: Path) -> None:
    found = problems(folder, "\n".join([HEADER, *(row for row, _ in ROWS)]))
    rows = [int(line.partition(":")[0]) for line in found]
    assert set(rows) == set(range(2, 2 + len(ROWS)))
    assert rows == sorted(rows)


def test_the_cells_own_blocks_and_foreign_scales_are_refused(folder: Path) -> None:
    path = folder / "own.csv"
    path.write_text(f"{HEADER}\n1,check-1,HRC,round,64,64,,\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="row 2: number 'check-1' is a block of the cell's own"):
        read_manifest(path, slots=33, reserved=("CHECK-1",))
    path.write_text(f"{HEADER}\n1,A,HBW10/3000,round,64,64,,\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="JJG 113-2013 does not cover HBW10/3000"):
        read_manifest(path, slots=33, regulation=load_regulation("JJG 113-2013"))
    assert read_manifest(path, slots=33).blocks[0].scale == "HBW10/3000"


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ManifestError, match=r"row 1: cannot be read: .*; check path"):
            read_manifest(path, slots=33)


@given(at=st.integers(0, len(GOOD)), noise=st.binary(max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_damage_makes_it_crash(folder: Path, at: int, noise: bytes) -> None:
    raw = GOOD.encode()
    try:
        blocks = read(folder, raw[:at] + noise + raw[at + len(noise) :])
    except ManifestError as error:
        assert all(" row " in line and "; " in line for line in error.problems)
    else:
        assert len({block.slot for block in blocks}) == len(blocks)


cells = st.sampled_from(["", "1", "33", "34", "HRC", "HRA", "round", "rectangle", "64", "61.2"])


@given(st.lists(st.lists(cells, min_size=6, max_size=9).map(",".join), max_size=6))
@settings(max_examples=200, deadline=None)
def test_what_is_accepted_is_fit_to_be_measured(folder: Path, rows: list[str]) -> None:
    try:
        blocks = read(folder, "\n".join([HEADER, *rows]))
    except ManifestError:
        return
    assert len({block.block for block in blocks}) == len(blocks) > 0
    assert len({block.scale for block in blocks}) == 1
    assert all(20 <= block.width_mm <= 150 and 20 <= block.depth_mm <= 150 for block in blocks)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z][A-Z0-9-]{0,23}", fullmatch=True),
            st.decimals("20", "70", places=2),
            st.sampled_from([("round", "64"), ("rectangle", "40.5")]),
        ),
        min_size=1,
        max_size=33,
        unique_by=lambda item: item[0],
    )
)
@settings(max_examples=50, deadline=None)
def test_every_good_tray_is_read_back_as_written(
    folder: Path, tray: list[tuple[str, Decimal, tuple[str, str]]]
) -> None:
    rows = [
        f"{slot},{name},HRC,{shape},64,{depth},{nominal},"
        for slot, (name, nominal, (shape, depth)) in enumerate(tray, start=1)
    ]
    blocks = read(folder, "\n".join([HEADER, *rows]))
    assert [(b.block, b.nominal, b.shape) for b in blocks] == [(n, h, s) for n, h, (s, _) in tray]
