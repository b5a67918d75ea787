"""Checking a document without a network: what is right, and exactly what is not."""

from lims_bridge.verifying.report import Check, Report
from lims_bridge.verifying.verify import verify_pdf, verify_xml

__all__ = ["Check", "Report", "verify_pdf", "verify_xml"]
