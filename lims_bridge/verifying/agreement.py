"""Does the machine-readable certificate say what its record says? Element by element."""

from __future__ import annotations

from lims_bridge.dcc.elements import NAMES, Element
from lims_bridge.record import CalibrationRecord

_CORE = "dcc:administrativeData/dcc:coreData/"
_ITEM = "dcc:administrativeData/dcc:items/dcc:item/"
_PATHS = {
    "digest of the record": f"{_CORE}dcc:identifications/*[@refType='hardlab_digest']/dcc:value",
    "number of the record": f"{_CORE}dcc:identifications/*[@refType='hardlab_record']/dcc:value",
    "serial number": f"{_ITEM}dcc:identifications/dcc:identification/dcc:value",
    "customer": "dcc:administrativeData/dcc:customer/dcc:name/dcc:content[@lang='zh']",
    "method": ".//dcc:usedMethod/dcc:norm",
    "readings": ".//dcc:quantity[@refType='basic_measuredValue']//si:valueXMLList",
    "mean": ".//dcc:quantity[@refType='hardlab_mean']/si:real/si:value",
    "uncertainty": ".//dcc:quantity[@refType='hardlab_mean']//si:valueExpandedMU",
    "uniformity": ".//dcc:quantity[@refType='hardlab_uniformity']/si:real/si:value",
    "limit": ".//dcc:quantity[@refType='hardlab_uniformityLimit']/si:real/si:value",
    "scale": ".//dcc:quantity[@refType='hardlab_mean']//dcc:nonSIUnit",
    "day of the measurement": f"{_CORE}dcc:endPerformanceDate",
}


def number_of(certificate: Element) -> str:
    """Return the number that a digital certificate bears."""
    return _text(certificate, f"{_CORE}dcc:uniqueIdentifier")


def disagreements(certificate: Element, record: CalibrationRecord) -> tuple[str, ...]:
    """Return what a digital certificate says otherwise than the record."""
    wanted = _wanted(record)
    found = {name: _text(certificate, path) for name, path in _PATHS.items()}
    return tuple(
        f"{name}: the certificate has {found[name] or 'nothing'}, the record {wanted[name]}"
        for name in _PATHS
        if not _same(found[name], wanted[name])
    )


def _wanted(record: CalibrationRecord) -> dict[str, str]:
    values = [each.hardness for each in record.valid_readings if each.hardness is not None]
    return {
        "digest of the record": record.digest(),
        "number of the record": record.number,
        "serial number": record.item.serial,
        "customer": record.order.customer.name.zh,
        "method": record.method.code,
        "readings": " ".join(format(value, "f") for value in values),
        "mean": format(record.result.value, "f"),
        "uncertainty": format(record.uncertainty.expanded, "f"),
        "uniformity": format(record.result.uniformity, "f"),
        "limit": format(record.result.limit, "f"),
        "scale": record.scale.symbol,
        "day of the measurement": record.measured_on.isoformat(),
    }


def _text(certificate: Element, path: str) -> str:
    return (certificate.findtext(path, default="", namespaces=NAMES) or "").strip()


def _same(found: str, wanted: str) -> bool:
    return found == wanted.strip()
