"""What the commands of the office share: opening it, refusing in words, asking for passphrases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.options import run_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from lims_bridge.delivery.config import OfficeConfig
    from lims_bridge.office.place import OfficePlace
    from lims_bridge.review.desk import Desk
    from lims_bridge.review.people import Signature
    from lims_bridge.review.refusal import Refusal
    from lims_bridge.review.registry import Registry
    from lims_bridge.review.state import RecordKey

T = TypeVar("T")

By = Annotated[str, typer.Option(help="Who does it: the short name of a person.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="Read the passphrase from this file instead of asking for it."),
]


@dataclass(frozen=True, slots=True)
class Opened:
    """An office at hand."""

    place: OfficePlace
    engine: Engine
    config: OfficeConfig

    @property
    def desk(self) -> Desk:
        """Return the desk where records are reviewed."""
        from lims_bridge.review.desk import Desk

        return Desk(self.engine, self.place.files, self.config.told_of_records)

    @property
    def registry(self) -> Registry:
        """Return the register of persons."""
        from lims_bridge.review.registry import Registry

        return Registry(self.engine, self.place.files)


@contextmanager
def opened(out: Path) -> Iterator[Opened]:
    """Open the office of a run; end with a line if it cannot be."""
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from lims_bridge.delivery.config import OfficeConfig, OfficeConfigError, load_office
    from lims_bridge.office.place import OfficePlace
    from records.database import open_database

    place = OfficePlace(run_folder(out).path)
    try:
        config = load_office(place.config) if place.config.exists() else OfficeConfig()
        engine = open_database(place.library)
    except OfficeConfigError as error:
        refuse(*error.problems)
    except (SQLAlchemyError, CommandError) as error:
        refuse(f"{place.library}: not usable: {getattr(error, 'orig', None) or error}")
    try:
        yield Opened(place, engine, config)
    except SQLAlchemyError as error:
        refuse(f"{place.library}: {getattr(error, 'orig', None) or error}", code=NOT_DONE)
    finally:
        engine.dispose()


def granted(found: T | Refusal) -> T:
    """Return what was found; end with the reason of a refusal."""
    from lims_bridge.review.refusal import Refusal

    if isinstance(found, Refusal):
        refuse(found.reason, code=NOT_DONE)
    return found


def signed_by(office: Opened, by: str, file: Path | None) -> Signature:
    """Ask for the passphrase of a person and return the signature; end with a line if wrong."""
    return granted(office.registry.sign_in(by, passphrase(by, file)))


def passphrase(person: str, file: Path | None, *, new: bool = False) -> str:
    """Return a passphrase, from a file or asked for (twice if it is new)."""
    if file is None:
        text: str = typer.prompt(
            f"Passphrase of {person}", hide_input=True, confirmation_prompt=new, err=True
        )
        return text
    try:
        return file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        refuse(f"{file}: holds no passphrase: {error}")


def key_of(office: Opened, number: str) -> RecordKey:
    """Return the revision that "NUMBER" (the newest) or "NUMBER/REVISION" names."""
    from lims_bridge.review.state import RecordKey

    record, slash, revision = number.rpartition("/")
    if slash and revision.isdecimal():
        return RecordKey(record, int(revision))
    return office.desk.latest(number) or RecordKey(number, 1)
