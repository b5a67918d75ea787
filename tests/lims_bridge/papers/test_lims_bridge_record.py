import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims_bridge.exact import canonical
from lims_bridge.record import CalibrationRecord, RecordError, json_schema, read_record
from tests.lims_bridge.papers.specimens import FAILING, specimen

SCHEMA = Path("lims_bridge/schemas/calibration-record-1.json")


@pytest.mark.parametrize(
    "record",
    [
        specimen(),
        specimen(values=FAILING),
        specimen(confirmed=False, service="calibration"),
        specimen(symbol="HBW10/3000", values=("300", "301", "302", "303", "304")),
    ],
)
def test_a_record_comes_back_from_its_bytes(record: CalibrationRecord) -> None:
    again = read_record(record.payload())
    assert again == record
    assert again.digest() == record.digest()


def test_digits_are_kept_as_published() -> None:
    record = specimen(values=("61.10", "61.30", "61.20", "61.20", "61.00"))
    again = read_record(record.payload())
    assert [str(reading.hardness) for reading in again.readings] == [
        "61.10",
        "61.30",
        "61.20",
        "61.20",
        "61.00",
    ]


def test_no_binary_float_enters() -> None:
    content = specimen().content()
    content["result"]["mean"] = 61.2
    with pytest.raises(RecordError, match=r"result\.mean.*text"):
        read_record(json.dumps(content).encode())
    with pytest.raises(TypeError, match="no binary float"):
        canonical({"a": [{"b": 0.5}]})


@given(st.data())
def test_any_change_of_any_text_changes_the_digest_or_is_refused(data: st.DataObject) -> None:
    record = specimen()
    content = record.content()
    paths = list(_leaves(content))
    path = data.draw(st.sampled_from(paths))
    holder = content
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(st.text(min_size=1, max_size=5).filter(lambda t: t != old(path)))
    try:
        changed = CalibrationRecord.model_validate_json(json.dumps(content))
    except ValueError:
        return
    # Another spelling of the same number or instant is the same content.
    assert changed.digest() != record.digest() or changed == record


def old(path: tuple[str | int, ...]) -> object:
    holder: object = specimen().content()
    for step in path:
        holder = holder[step]  # type: ignore[index]  # JSON
    return holder


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for i, each in enumerate(value) for leaf in _leaves(each, (*path, i))]
    return [path]


def test_only_the_canonical_spelling_is_read() -> None:
    payload = specimen().payload()
    with pytest.raises(RecordError, match="canonical"):
        read_record(payload + b"\n")
    with pytest.raises(RecordError, match="extra"):
        read_record(payload[:-1] + b',"extra":1}')


def test_the_published_schema_is_the_one_of_the_program() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


def test_numbers_are_text_in_the_schema() -> None:
    mean = json_schema()["$defs"]["Result"]["properties"]["mean"]
    assert mean["type"] == "string"


def test_a_record_is_a_draft_until_limits_and_verdict_are_confirmed() -> None:
    assert specimen(confirmed=False).draft
    assert not specimen().draft


def test_the_measurement_day_is_that_of_china() -> None:
    # 01:00 UTC of the second of March is 09:00 there; 17:00 would be the third.
    assert specimen().measured_on.isoformat() == "2026-03-02"
    assert Decimal(specimen().result.value) == Decimal("61.2")
