"""Commands that take records through their review, each signed by a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import (
    By,
    Opened,
    PassphraseFile,
    Why,
    granted,
    key_of,
    opened,
    signed_by,
)
from controller.cli.options import DEFAULT_OUT, Out
from controller.cli.people import app as people

if TYPE_CHECKING:
    from lims_bridge.office.events import Supersession
    from lims_bridge.review.state import Review

app = typer.Typer(
    no_args_is_help=True,
    help="Review records: submit (检定员), check (核验员), approve (批准人), issue.",
)
app.add_typer(people, name="person")

Numbers = Annotated[list[str] | None, typer.Argument(help="Records: NUMBER, or NUMBER/REVISION.")]
Number = Annotated[str, typer.Argument(help="A record: NUMBER, or NUMBER/REVISION.")]
All = Annotated[bool, typer.Option("--all", help="Every record that waits for this.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask again after showing the checks.")]


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="Only in this state, for example submitted.")] = "",
    out: Out = DEFAULT_OUT,
) -> None:
    """List records and where they stand."""
    with opened(out) as office:
        reviews = [granted(office.desk.review(key)) for key in office.desk.standing()]
    shown = [review for review in reviews if state in ("", review.state)]
    for review in shown:
        draft = " (provisional 暂定)" if review.provisional else ""
        print(f"{review.key!s:20} {review.block:12} {review.scale:6} {review.state}{draft}")
    if not shown:
        refuse("no such record; take one with: hardlab review take FILE", code=NOT_DONE)


@app.command()
def show(number: Number, out: Out = DEFAULT_OUT) -> None:
    """Tell everything that happened to a record, and what its checks say."""
    from lims_bridge.review.desk import history
    from lims_bridge.review.registry import everybody
    from records.database import reading

    with opened(out) as office:
        review = granted(office.desk.review(key_of(office, number)))
        _show_checks(office, review)
        with reading(office.engine) as session:
            known = everybody(session)
        for at, event in history(office.engine, review.key):
            by = getattr(event, "by", "")
            who = by if by in known or not by else f"{by} (not a person)"
            newer = getattr(event, "successor", None)
            why = getattr(event, "reason", "") or (f"by revision {newer}" if newer else "")
            what = type(event).__name__.removeprefix("Record").lower()
            print(f"  {at:%Y-%m-%d %H:%M} UTC  {what:10} {who}{': ' if why else ''}{why}")
        for document in review.documents:
            print(f"  {document.name}  sha256 {document.sha256}")


@app.command()
def take(
    files: Annotated[list[Path], typer.Argument(help="Canonical records (JSON).")],
    amends: Annotated[str, typer.Option(help="It amends the issued revision; say why.")] = "",
    replaces: Annotated[str, typer.Option(help="It replaces the issued revision; say why.")] = "",
    out: Out = DEFAULT_OUT,
) -> None:
    """Take finished records from the laboratory into review. Taking one twice changes nothing."""
    from lims_bridge.record import RecordError, read_record
    from lims_bridge.review.dossier import dossier_of

    if amends and replaces:
        refuse("a revision either amends or replaces, not both")
    with opened(out) as office:
        for file in files:
            try:
                record = read_record(file.read_bytes())
            except (OSError, RecordError) as error:
                refuse(f"{file}: {error}")
            last = office.desk.latest(record.number)
            later = (last.revision + 1 if last else 1) if amends or replaces else None
            revision = later or (last.revision if last else 1)
            how: Supersession | None = "amends" if amends else "replaces" if replaces else None
            dossier = dossier_of(record, revision, how, amends or replaces)
            review = granted(office.desk.take(dossier))
            print(f"{review.key}: {review.state}")


def _signing(deed: str) -> Callable[..., None]:
    def command(
        by: By,
        numbers: Numbers = None,
        every: All = False,
        yes: Yes = False,
        passphrase_file: PassphraseFile = None,
        out: Out = DEFAULT_OUT,
    ) -> None:
        _sign(deed, numbers, by, passphrase_file, out, every=every, yes=yes)

    return command


def _reasoning(deed: str) -> Callable[..., None]:
    def command(
        number: Number,
        by: By,
        reason: Why,
        passphrase_file: PassphraseFile = None,
        out: Out = DEFAULT_OUT,
    ) -> None:
        with opened(out) as office:
            review = granted(office.desk.review(key_of(office, number)))
            signature = signed_by(office, by, passphrase_file)
            act = getattr(office.desk, deed)
            done = granted(act(review.key, signature, review.digest, reason))
        print(f"{done.key}: {done.state}")

    return command


_EXAMPLE = "Example: hardlab review"
for _deed, _help in {
    "submit": "检定员: take responsibility for the run that made these records.",
    "check": "核验员: confirm data, calculation and standards; never one's own run.",
    "approve": "批准人: let the documents of these records go out.",
}.items():
    app.command(_deed, help=f"{_help}\n\n{_EXAMPLE} {_deed} --all --by wang.wu")(_signing(_deed))
app.command(
    "return",
    help="Send a record back; all its signatures are void.\n\n"
    f"{_EXAMPLE} return R-17 --by li.si --reason 'wrong customer'",
)(_reasoning("send_back"))
app.command(
    "withdraw", help="批准人: declare issued documents invalid, and tell every destination."
)(_reasoning("withdraw"))


@app.command()
def issue(
    number: Number,
    certificate: Annotated[str, typer.Option(help="The certificate number.")],
    document: Annotated[list[Path], typer.Option(help="A sealed document; repeat for more.")],
    out: Out = DEFAULT_OUT,
) -> None:
    """Let sealed documents of an approved record go out, and tell every destination."""
    from lims_bridge.office.events import Document

    with opened(out) as office:
        review = granted(office.desk.review(key_of(office, number)))
        try:
            kept = [
                Document("certificate", path.name, office.place.files.put(path.read_bytes()))
                for path in document
            ]
        except OSError as error:
            refuse(f"{error.filename}: {error.strerror}")
        found = office.desk.issue(review.key, review.digest, certificate, kept, "command line")
        print(f"{granted(found).key}: issued as {certificate}")


_WAITING = {"submit": "measured", "check": "submitted", "approve": "checked"}


def _sign(
    deed: str,
    numbers: list[str] | None,
    by: str,
    file: Path | None,
    out: Path,
    *,
    every: bool,
    yes: bool,
) -> None:
    """Show the checks of each record, then sign them all with one passphrase."""
    with opened(out) as office:
        desk = office.desk
        waiting = [k for k in desk.standing() if granted(desk.review(k)).state == _WAITING[deed]]
        keys = waiting if every else [key_of(office, number) for number in numbers or ()]
        if not keys:
            refuse(f"name records, or give --all; {len(waiting)} wait for: {deed}")
        reviews = [granted(desk.review(key)) for key in keys]
        for review in reviews:
            _show_checks(office, review)
        if not yes and len(reviews) > 1 and not typer.confirm(f"{deed} all {len(reviews)}?"):
            refuse("nothing was signed", code=NOT_DONE)
        signature = signed_by(office, by, file)
        trouble = []
        for review in reviews:
            found = getattr(desk, deed)(review.key, signature, review.digest)
            if hasattr(found, "state"):
                print(f"{review.key}: {found.state} by {by}")
            else:
                trouble.append(str(found))
        if trouble:
            refuse(*trouble, code=NOT_DONE)


def _show_checks(office: Opened, review: Review) -> None:
    from lims_bridge.keeping.files import FileDamagedError, FileMissingError

    when: datetime = review.measured_at
    print(f"{review.key}  block {review.block}  {review.scale}  {review.state}")
    print(f"  equipment {review.equipment}, taken {when:%Y-%m-%d %H:%M} UTC")
    print(f"  digest {review.digest}")
    if review.returned:
        print(f"  returned by {review.returned}")
    try:
        for each in office.desk.checks(review):
            print(f"  {'ok  ' if each.good else 'FAIL'} {each.name}: {each.found}")
    except (FileMissingError, FileDamagedError) as error:
        print(f"  FAIL text: {error}")
