"""Setting a record as a document: `sheet` chooses the words, `setting` sets them as PDF/A-3."""
