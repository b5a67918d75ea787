"""The measurement results of a DCC: method, equipment, conditions, values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lims_bridge.dcc import quantities as q
from lims_bridge.dcc.elements import Element, dcc, list_of, some, words
from lims_bridge.documents.words import LABELS, TITLES
from lims_bridge.issue import Issue
from lims_bridge.record import CalibrationRecord
from lims_bridge.record_parts import Equipment

_TYPES: Final = {
    "hardlab_record": ("原始记录号", "number of the original record"),
    "hardlab_digest": ("记录摘要", "SHA-256 of the canonical record"),
    "hardlab_order": ("委托单号", "number of the order"),
    "hardlab_mean": ("标准块硬度值", "hardness of the block: rounded mean of the readings"),
    "hardlab_uniformity": ("均匀度", "uniformity as the method defines it"),
    "hardlab_uniformityLimit": ("均匀度允许值", "largest uniformity the method allows"),
    "hardlab_positionX": ("压痕位置 x", "x of the indentations from the centre of the face"),
    "hardlab_positionY": ("压痕位置 y", "y of the indentations from the centre of the face"),
}


def reference_types() -> Element:
    """Return what our own refTypes mean: nobody has agreed on any for hardness yet."""
    return dcc(
        "refTypeDefinitions",
        *(
            dcc(
                "refTypeDefinition",
                words("name", meaning),
                dcc("namespace", "hardlab"),
                dcc("link", "urn:hardlab:reftypes:1"),
                dcc("value", name.removeprefix("hardlab_")),
            )
            for name, meaning in _TYPES.items()
        ),
    )


def measurement(record: CalibrationRecord, issue: Issue) -> Element:
    """Return the one measurement result."""
    symbol = record.scale.symbol
    return dcc(
        "measurementResult",
        words("name", (f"{TITLES[issue.kind][0]} {symbol}", f"Hardness {symbol}")),
        dcc("usedMethods", _method(record)),
        dcc("measuringEquipments", *(_equipment(each, record) for each in record.equipment)),
        list_of("influenceConditions", _conditions(record)),
        dcc("results", _result(record)),
    )


def _method(record: CalibrationRecord) -> Element:
    return dcc(
        "usedMethod",
        words("name", record.method.title),
        dcc("norm", record.method.code),
        refType="basic_calibrationMethod",
    )


def _equipment(each: Equipment, record: CalibrationRecord) -> Element:
    return dcc(
        "measuringEquipment",
        words("name", each.name),
        _certificate(each, record),
        some("model", each.model),
        dcc(
            "identifications",
            _identification(each.identity, LABELS["identity"]),
            _identification(each.certificate, LABELS["certificate"]),
        ),
    )


def _certificate(each: Equipment, record: CalibrationRecord) -> Element | None:
    if each.certificate_sha256 is None:
        return None
    return dcc(
        "certificate",
        words("referral", each.issued_by),
        dcc("referralID", each.certificate),
        dcc("procedure", "SHA-256"),
        dcc("value", each.certificate_sha256),
        dcc("inValidityRange", "true" if each.valid_on(record.measured_on) else "false"),
        dcc("traceable", "true"),
    )


def _identification(value: str, name: tuple[str, str]) -> Element:
    return dcc(
        "identification",
        dcc("issuer", "calibrationLaboratory"),
        dcc("value", value),
        words("name", name),
    )


def _conditions(record: CalibrationRecord) -> Iterator[Element]:
    for each in record.environment.readings:
        yield _condition(
            "basic_temperature", LABELS["temperature"], q.real(each.temperature_c, q.CELSIUS)
        )
        yield _condition(
            "basic_humidityRelative", LABELS["humidity"], q.real(each.humidity_pct, q.PERCENT)
        )


def _condition(kind: str, name: tuple[str, str], value: Element) -> Element:
    return dcc(
        "influenceCondition",
        words("name", name),
        dcc("data", dcc("quantity", value)),
        refType=kind,
    )


def _result(record: CalibrationRecord) -> Element:
    valid = [each for each in record.valid_readings if each.hardness is not None]
    hardness = [each.hardness for each in valid if each.hardness is not None]
    result = record.result
    in_scale = record if record.method.measure == "range" else None
    unit = q.ONE if in_scale else q.PERCENT
    table = dcc(
        "list",
        q.quantity(
            LABELS["readings"],
            q.reals(hardness, q.ONE, [each.at for each in valid]),
            "basic_measuredValue",
            record,
        ),
        q.quantity(
            LABELS["x"], q.reals([each.x_mm for each in valid], q.MILLIMETRE), "hardlab_positionX"
        ),
        q.quantity(
            LABELS["y"], q.reals([each.y_mm for each in valid], q.MILLIMETRE), "hardlab_positionY"
        ),
        refType="basic_tableQuantity",
    )
    figures = dcc(
        "list",
        q.quantity(
            LABELS["value"],
            q.real(result.value, q.ONE, record.uncertainty),
            "hardlab_mean",
            record,
        ),
        q.quantity(
            LABELS["uniformity"], q.real(result.uniformity, unit), "hardlab_uniformity", in_scale
        ),
        q.quantity(
            LABELS["allowed"], q.real(result.limit, unit), "hardlab_uniformityLimit", in_scale
        ),
    )
    return dcc("result", words("name", LABELS["results"]), dcc("data", table, figures))
