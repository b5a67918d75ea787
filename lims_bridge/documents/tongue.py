"""The voice of one document: which words it uses, in which languages."""

from __future__ import annotations

from dataclasses import dataclass

from lims_bridge.documents.words import Words, label, speak
from lims_bridge.exact import Text
from lims_bridge.issue import Issue


@dataclass(frozen=True, slots=True)
class Tongue:
    """Speaks the language of one document."""

    issue: Issue

    def label(self, key: str) -> Words:
        """Return a label."""
        return label(key, self.issue.language, self.issue.kind)

    def say(self, pair: tuple[str, str]) -> Words:
        """Return words that have a translation."""
        return speak(pair, self.issue.language)

    def text(self, text: Text) -> Words:
        """Return a text of the record."""
        return speak((text.zh, text.en), self.issue.language)

    def plain(self, value: str) -> Words:
        """Return what is the same in every language."""
        return speak((value, value), self.issue.language)
