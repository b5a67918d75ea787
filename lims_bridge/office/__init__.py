"""What happened in the office: events, chained, never changed."""

from lims_bridge.office.log import OfficeRow, append, broken_links, events_of, head, rows

__all__ = ["OfficeRow", "append", "broken_links", "events_of", "head", "rows"]
