"""From file to configuration, and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import tomllib
from decimal import Decimal
from pathlib import Path

from pydantic import ValidationError

from controller.config.lab import LabConfig
from controller.config.problems import sentences

MAX_BYTES = 1_000_000


class ConfigError(ValueError):
    """The configuration cannot be used; ``problems`` are lines "FILE: [section] key: what; do"."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_config(path: Path | str) -> LabConfig:
    """Read and check a `lab.toml`. Raises `ConfigError` with every problem at once."""
    file = str(path)
    try:
        raw = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError((f"{file}: cannot be read: {reason}; check path and rights",)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = f"{file}: line {line} is not UTF-8; save the file as UTF-8"
        raise ConfigError((problem,)) from None
    return parse_config(text, file)


def parse_config(text: str, file: str = "lab.toml") -> LabConfig:
    """Check the text of a `lab.toml`; ``file`` names it. Raises `ConfigError`."""
    if len(text) > MAX_BYTES:
        raise ConfigError((f"{file}: is longer than {MAX_BYTES} characters; is it a lab.toml?",))
    try:
        # Hardness values must stay the figures that were written.
        data = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        problem = f"{file}: is not TOML: {error}; correct the line, see https://toml.io"
        raise ConfigError((problem,)) from None
    try:
        return LabConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(sentences(file, error.errors(), LabConfig)) from None


def config_digest(config: LabConfig) -> str:
    """Return the SHA-256 of the configuration as canonical JSON, 64 hex digits.

    Comments, order and keys that spell out a default do not change it.
    """
    data = config.model_dump(mode="json")
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
