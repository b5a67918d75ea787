"""Commands about the persons of the office and what they may do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import By, PassphraseFile, Why, granted, opened, passphrase
from controller.cli.options import DEFAULT_OUT, Out

if TYPE_CHECKING:
    from lims_bridge.office.events import Duty

app = typer.Typer(no_args_is_help=True, help="Persons, their passphrases and authorisations.")

Person = Annotated[str, typer.Argument(help="A short name, for example zhang.san.")]
For = Annotated[
    str, typer.Option("--for", help="test (检定员), check (核验员) or approve (批准人).")
]
Scale = Annotated[str, typer.Option(help="The scale, for example HRC; * for all.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="A day, YYYY-MM-DD.")]


@app.command()
def enter(
    person: Person,
    by: By,
    name: Annotated[str, typer.Option(help="The full name, as documents show it.")],
    title: Annotated[str, typer.Option(help="Position.")] = "",
    contact: Annotated[str, typer.Option(help="Telephone or mail.")] = "",
    out: Out = DEFAULT_OUT,
) -> None:
    """Make a person known, or write a new card."""
    with opened(out) as office:
        office.registry.enter(person, {"name": name, "title": title, "contact": contact}, by)
    print(f"{person}: {name}")


@app.command("passphrase")
def set_passphrase(
    person: Person, by: By, passphrase_file: PassphraseFile = None, out: Out = DEFAULT_OUT
) -> None:
    """Give a person a (new) passphrase to sign with."""
    with opened(out) as office:
        text = passphrase(person, passphrase_file, new=True)
        granted(office.registry.set_passphrase(person, text, by))
    print(f"{person} can sign")


@app.command()
def authorise(
    person: Person,
    by: By,
    duty: For,
    scale: Scale,
    first: Day,
    last: Day,
    out: Out = DEFAULT_OUT,
) -> None:
    """Allow a person a duty for a scale, from the first to the last day.

    Example: hardlab review person authorise li.si --for check --scale HRC --first 2026-01-01
    --last 2028-12-31 --by boss
    """
    with opened(out) as office:
        known = _duty(duty)
        found = office.registry.authorise(person, known, scale, first.date(), last.date(), by)
        granted(found)
    print(f"{person} may {duty} {scale} from {first:%Y-%m-%d} to {last:%Y-%m-%d}")


@app.command()
def end(
    person: Person,
    by: By,
    duty: For,
    scale: Scale,
    day: Day,
    reason: Why,
    out: Out = DEFAULT_OUT,
) -> None:
    """End an authorisation from a day on; what was signed before stays signed."""
    with opened(out) as office:
        granted(office.registry.end(person, _duty(duty), scale, day.date(), by, reason))
    print(f"{person} may no longer {duty} {scale} from {day:%Y-%m-%d} on")


@app.command("list")
def list_(out: Out = DEFAULT_OUT) -> None:
    """List persons and what they may do today."""
    from lims_bridge.review.people import DUTY_NAMES
    from runtime import utc_now

    today = utc_now().astimezone(UTC).date()
    with opened(out) as office:
        people = office.registry.people()
    if not people:
        refuse("nobody is known yet; begin with: hardlab review person enter", code=NOT_DONE)
    for person in people.values():
        print(f"{person.name}{'' if person.verifier else ' (no passphrase: cannot sign)'}")
        for held in person.authorisations:
            now = "" if held.first <= today <= held.last else " (not today)"
            print(f"  {DUTY_NAMES[held.duty]} {held.scale} {held.first} to {held.last}{now}")


def _duty(text: str) -> Duty:
    if text not in ("test", "check", "approve"):
        refuse(f"--for {text}: choose test, check or approve")
    return cast("Duty", text)
