"""The names under which intents, questions and attempts are counted."""

from __future__ import annotations

from controller import events as e


def number_of(name: str) -> int:
    """Return the number that an intent or a question bears: 7 of ``op-000007`` or ``q-0007``."""
    return int(name.rpartition("-")[2])


def transfer_key(step: str, block: str, source: str, target: str) -> str:
    """Return what attempts at this step are counted under."""
    return f"{step}:{block}:{source}:{target}"


def indent_key(block: str, position: int) -> str:
    """Return what attempts at this indentation are counted under."""
    return f"indent:{block}:{position}"


def key_of(intent: e.TransferIntended | e.IndentIntended) -> str:
    """Return what attempts at the step of this intent are counted under."""
    if isinstance(intent, e.TransferIntended):
        return transfer_key(intent.step, intent.block, intent.source, intent.target)
    return indent_key(intent.block, intent.position)
