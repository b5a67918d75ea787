from metrology.brinell import brinell_diameter_mm, brinell_hardness, brinell_slope_per_mm
from metrology.contact import Contact, contact_at_hardness, contact_at_pressure
from metrology.indentation import DIAMETER_FITS, clearance_diameter, diameter_mm
from metrology.provenance import Provenance
from metrology.regulation import (
    REGULATION_CODES,
    Clearances,
    Environment,
    Regulation,
    RegulationFormatError,
    Resolution,
    UnknownRegulationError,
    load_regulation,
    parse_regulation,
    regulation_for,
)
from metrology.risk import rejection_risk
from metrology.rounding import round_gb8170
from metrology.scale import Family, Scale
from metrology.scales import SCALES, UnknownScaleError, find_scale
from metrology.student import student_factor
from metrology.uncertainty import (
    Budget,
    standard_deviation,
    standard_deviation_from_range,
    uncertainty_of_mean,
    uncertainty_of_readings,
    uncertainty_of_resolution,
)
from metrology.uniformity import Measure, uniformity_of
from metrology.verdict import Verdict, judge

__all__ = [
    "DIAMETER_FITS",
    "REGULATION_CODES",
    "SCALES",
    "Budget",
    "Clearances",
    "Contact",
    "Environment",
    "Family",
    "Measure",
    "Provenance",
    "Regulation",
    "RegulationFormatError",
    "Resolution",
    "Scale",
    "UnknownRegulationError",
    "UnknownScaleError",
    "Verdict",
    "brinell_diameter_mm",
    "brinell_hardness",
    "brinell_slope_per_mm",
    "clearance_diameter",
    "contact_at_hardness",
    "contact_at_pressure",
    "diameter_mm",
    "find_scale",
    "judge",
    "load_regulation",
    "parse_regulation",
    "regulation_for",
    "rejection_risk",
    "round_gb8170",
    "standard_deviation",
    "standard_deviation_from_range",
    "student_factor",
    "uncertainty_of_mean",
    "uncertainty_of_readings",
    "uncertainty_of_resolution",
    "uniformity_of",
]
