"""Review: who answers for a record, who checked it, who let it go out, and when."""
