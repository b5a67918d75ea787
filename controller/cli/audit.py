"""Commands that show whether what is kept still says what it said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import By, Opened, Why, granted, opened
from controller.cli.options import DEFAULT_OUT, AsJson, Out

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

app = typer.Typer(
    no_args_is_help=True,
    help="Audit: chains, files and signed anchors. Finds edits, deletions and a cut-off end.",
)

KeyFile = Annotated[
    Path | None, typer.Option("--key", help="The key that signs.", show_default="OUT/anchor.key")
]


@app.command()
def verify(
    public_key: Annotated[
        Path | None,
        typer.Option(
            help="Your own copy of the public key.", show_default="OUT/anchors/anchor.pub"
        ),
    ] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Check journal, library, office, files and anchors against each other.

    Example: hardlab audit verify --out out/demo-1 --public-key ~/anchor.pub
    """
    from controller.journal import JournalError, read_rows
    from lims_bridge.keeping.audit import Evidence, audit

    with opened(out) as office:
        journal = office.place.path / "journal.sqlite"
        key = _public_key(office, public_key)
        place = office.place
        evidence = Evidence(
            office.engine, place.files, lambda: read_rows(journal), place.anchors, key
        )
        bad = 0
        try:
            for finding in audit(evidence):
                bad += not finding.good
                print(f"{'ok  ' if finding.good else 'FAIL'} {finding.part}: {finding.says}")
        except JournalError as error:
            refuse(str(error), code=NOT_DONE)
    if bad:
        refuse(f"{bad} parts are not as they were", code=NOT_DONE)


@app.command("certificates")
def certificates_(
    as_json: AsJson = False,
    out: Out = DEFAULT_OUT,
) -> None:
    """List every certificate: issued, replaced, withdrawn; and whether its files are as issued.

    Each line of the table is checked against the office's events and the kept files; a missing or
    changed file, a changed row and a number that is gone are named.
    """
    from controller.cli.audit_table import certificate_table

    if not certificate_table(out, as_json=as_json):
        raise typer.Exit(NOT_DONE)


@app.command()
def key(key_file: KeyFile = None, out: Out = DEFAULT_OUT) -> None:
    """Make the key that signs anchors. Give the public half to whoever shall verify."""
    from lims_bridge.keeping.anchors import AnchorError, new_key

    with opened(out) as office:
        private, public = key_file or office.place.key, office.place.anchors.public_key
        try:
            new_key(private, public)
        except (AnchorError, OSError) as error:
            refuse(str(error))
    print(f"private key {private} (keep a copy away from here; no backup holds it)")
    print(f"public key  {public}")


@app.command()
def anchor(key_file: KeyFile = None, out: Out = DEFAULT_OUT) -> None:
    """Sign the heads of all chains. Once a day, by a timer; give the anchor away."""
    from controller.journal import JournalError, read_open_rows
    from lims_bridge.keeping.anchoring import anchor_today
    from lims_bridge.keeping.anchors import AnchorError, Head, load_key
    from lims_bridge.review.desk import CHINA
    from records.chain import GENESIS
    from runtime import utc_now

    now = utc_now()
    with opened(out) as office:
        place = office.place
        try:
            head = Head(0, GENESIS)
            for row in read_open_rows(place.path / "journal.sqlite"):
                head = Head(row.seq, row.hash)
            made = anchor_today(
                office.engine,
                place.files,
                place.anchors,
                load_key(key_file or place.key),
                head,
                now,
                f"{now.astimezone(CHINA):%Y-%m-%d}",
                office.config.told_of_anchors,
            )
        except (JournalError, AnchorError) as error:
            refuse(str(error), code=NOT_DONE)
    print(f"anchor {made.name} {made.digest}")
    for chain, at in made.chains.items():
        print(f"  {chain}: row {at.seq}, {at.hash}")


@app.command()
def stamps(
    trust: Annotated[
        Path | None, typer.Option(help="Roots of the authorities (PEM): checks who stamped.")
    ] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """List the time stamps (RFC 3161) on anchors, and lay them beside the anchors as .tsr files.

    They are asked for by a [destination] of kind "timestamp" in OUT/office.toml, and brought by
    hardlab delivery run. Without us: openssl ts -verify -data DAY.json -in DAY.TSA.tsr -CAfile F
    """
    from cryptography import x509

    from lims_bridge.keeping.stamps import stamps_on, write_stamps

    try:
        roots = tuple(x509.load_pem_x509_certificates(trust.read_bytes())) if trust else ()
    except (OSError, ValueError) as error:
        refuse(f"{trust}: no certificates: {error}")
    bad = 0
    with opened(out) as office:
        anchors = office.place.anchors
        found = list(write_stamps(stamps_on(office.engine, anchors, roots), anchors.folder))
    for stamp in found:
        bad += bool(stamp.trouble)
        when = f"{stamp.at:%Y-%m-%d %H:%M:%S} UTC" if stamp.at else stamp.state
        print(
            f"{'FAIL' if stamp.trouble else 'ok  '} {stamp.anchor:14} {stamp.authority:12} {when}"
        )
        if stamp.trouble:
            print(f"       {stamp.trouble}")
    if not found:
        refuse(
            'no stamp was asked for: add a [destination] of kind "timestamp" to '
            f"{office.place.config}",
            code=NOT_DONE,
        )
    if bad:
        refuse(f"{bad} of {len(found)} stamps prove nothing", code=NOT_DONE)


@app.command()
def scrub(
    limit: Annotated[int, typer.Option(min=1, help="How many files to read at most.")] = 1000,
    out: Out = DEFAULT_OUT,
) -> None:
    """Read kept files anew, some each night, and find those that were damaged."""
    from lims_bridge.keeping.scrub import scrub as read_again

    with opened(out) as office:
        found = read_again(office.place.files, limit)
    for digest in found.damaged:
        print(f"FAIL {digest}")
    rest = "all were read" if found.finished_round else "the next call goes on from here"
    print(f"{found.read} files read, {len(found.damaged)} damaged; {rest}")
    if found.damaged:
        refuse("take these files from a backup", code=NOT_DONE)


@app.command()
def erase(
    digest: Annotated[str, typer.Argument(help="The SHA-256 of the file.")],
    by: By,
    reason: Why,
    out: Out = DEFAULT_OUT,
) -> None:
    """Erase a kept file (personal data) for good; the chain stays whole and tells of it."""
    from lims_bridge.keeping.erasure import erase as erase_file
    from lims_bridge.keeping.erasure import finish_erasures
    from runtime import utc_now

    with opened(out) as office:
        finish_erasures(office.engine, office.place.files)
        try:
            found = erase_file(office.engine, office.place.files, digest, by, reason, utc_now())
        except ValueError as error:
            refuse(str(error))
        if found is not None:
            granted(found)
    print(f"erased {digest}")


def _public_key(office: Opened, given: Path | None) -> Ed25519PublicKey | None:
    from lims_bridge.keeping.anchors import AnchorError, load_public_key

    path = given or office.place.anchors.public_key
    if given is None and not path.exists():
        return None
    try:
        return load_public_key(path)
    except AnchorError as error:
        refuse(str(error))
