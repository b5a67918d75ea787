"""What is known of a measuring microscope: its scale, its edge, and how well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Microscope:
    """One objective with its camera and lamp, as calibrated.

    `um_per_px` comes from a certified stage micrometer at working height, `scale_uncertainty` is
    its relative standard uncertainty (k = 1), the micrometer's certificate included.
    `edge_offset_um` is added to every diameter: lamp and optics show an edge that is not the
    crest of the rim, so it is found on reference indentations of certified diameter;
    `edge_uncertainty_um` is its standard uncertainty. Raise `ValueError` for a scale that is none.
    """

    um_per_px: float
    scale_uncertainty: float
    edge_offset_um: float = 0.0
    edge_uncertainty_um: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.um_per_px < 1000:
            raise ValueError(f"a microscope has no scale of {self.um_per_px} µm per pixel")
        if not (0 <= self.scale_uncertainty < 1 and self.edge_uncertainty_um >= 0):
            raise ValueError("an uncertainty cannot be negative, nor as large as what it is of")
