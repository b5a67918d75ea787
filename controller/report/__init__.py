"""What a person sees of a run: results, pictures, the live view. Nothing here acts."""

from controller.report.overview import Overview, overview, overview_from
from controller.report.pictures import write_plans
from controller.report.results import BlockResult, TrayResult, summarise
from controller.report.rows import csv_text, plain_result
from controller.report.words import describe

__all__ = [
    "BlockResult",
    "Overview",
    "TrayResult",
    "csv_text",
    "describe",
    "overview",
    "overview_from",
    "plain_result",
    "summarise",
    "write_plans",
]
