"""Documents of a run: its records, a demonstration of all of them, and an index to open."""

from lims_bridge.documents.fonts import HELP as FONTS_HELP
from lims_bridge.documents.fonts import font_folder
from lims_bridge.laboratory import LaboratoryError, LaboratoryFile, read_laboratory

__all__ = ["FONTS_HELP", "LaboratoryError", "LaboratoryFile", "font_folder", "read_laboratory"]
