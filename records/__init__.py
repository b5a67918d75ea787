"""The information library (信息库): what the journal tells, as tables to be asked.

`database` opens it, `projection` fills it from journal rows, `repository` answers questions with
the frozen records of `views`, `verification` compares it with the journal. The table classes
stay inside: only the projection writes them.
"""
