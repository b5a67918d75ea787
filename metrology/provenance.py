from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers of a table come from, and who compared them with the licensed text.

    `confidence` marks them: "read" (seen in the source), "K-hi", "K-md", "K-lo" (from memory, with
    falling trust), "D" (derived), "I" (inferred), "house" (a rule of this laboratory).
    """

    source: str
    clause: str
    confidence: str
    confirmed_by: str = ""
    confirmed_on: date | None = None

    @property
    def confirmed(self) -> bool:
        """Say whether a named person has compared the table, on a known day."""
        return bool(self.confirmed_by) and self.confirmed_on is not None
