"""Configurations of cells with devices of their own beside the station PLC."""

from controller.config import LabConfig
from tests.labs import lab_config

OWN = {name: {"url": f"memory://{name}"} for name in ("gauge", "reader", "climate", "safety")}
PUSH = {"stage": {"driver": "arm-push"}}
MANUAL = {"driver": "manual"}
BY_HAND = {
    "arm": MANUAL,
    "stage": MANUAL,
    "tester": MANUAL,
    "results": MANUAL,
    "camera": {**MANUAL, "px_per_mm": 19.2},
    "gauge": MANUAL,
    "reader": MANUAL,
    "climate": MANUAL,
}


def mixed_config(devices, *, simulation=None, **policy) -> LabConfig:
    """Return the shipped configuration with these device sections put in, duties quick."""
    quick = lab_config(**policy)
    data = lab_config(quick=False, **policy).model_dump()
    data["devices"] |= devices
    data["simulation"] |= simulation or {}
    return LabConfig.model_validate(data).model_copy(update={"duties": quick.duties})


def by_hand(*names: str, patience_s: float = 600.0) -> LabConfig:
    """Return the shipped cell with people in the place of these devices, duties quick."""
    data = lab_config(quick=False).model_dump(exclude_unset=True)
    data["devices"] |= {name: BY_HAND[name] for name in names}
    data["by_hand"] = {"patience_s": patience_s}
    config = LabConfig.model_validate(data)
    return config.model_copy(update={"duties": lab_config().duties})
