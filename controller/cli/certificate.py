"""Commands about certificates: preview, make, verify, revoke, amend."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import passphrase
from controller.cli.options import DEFAULT_OUT, Out

app = typer.Typer(
    no_args_is_help=True,
    help="Certificates: 检定证书, 检定结果通知书, 校准证书.",
)

LaboratoryPath = Annotated[
    Path | None,
    typer.Option(
        "--laboratory",
        help="The laboratory as documents name it.",
        show_default="OUT/laboratory.toml",
    ),
]
Tongue = Annotated[str, typer.Option(help="zh, en, or both.")]
Blocks = Annotated[list[str] | None, typer.Argument(help="Blocks; all of the tray if none.")]


@app.command()
def records(
    blocks: Blocks = None,
    laboratory: LaboratoryPath = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Write the canonical record of each block, for review (hardlab review take).

    Example: hardlab certificate records --laboratory laboratory.toml
    """
    from controller.cli.papers import write_records

    write_records(out, laboratory, blocks)


@app.command()
def preview(
    blocks: Blocks = None,
    language: Tongue = "both",
    laboratory: LaboratoryPath = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Show what the documents would look like: drafts, without number and seal.

    Example: hardlab certificate preview 2007-101 --language zh
    """
    from controller.cli.papers import write_previews

    write_previews(out, laboratory, blocks, _tongue(language))


@app.command()
def make(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Records: NUMBER, or NUMBER/REVISION.")
    ] = None,
    seal: Annotated[
        Path | None, typer.Option(help="The institution's seal: a PKCS #12 file.")
    ] = None,
    seal_passphrase_file: Annotated[
        Path | None,
        typer.Option(help="A file with the passphrase of the seal, or the token of its service."),
    ] = None,
    seal_service: Annotated[
        str, typer.Option(help="Instead of a file: the address of a service that signs.")
    ] = "",
    seal_chain: Annotated[
        Path | None,
        typer.Option(help="With --seal-service: its certificates, the seal's first (PEM)."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who releases them: a short name, for the log.")] = "",
    language: Tongue = "both",
    laboratory: LaboratoryPath = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Issue what was approved: number, print, seal, release. Everything approved if none is named.

    Example: hardlab certificate make --seal seal.p12 --seal-passphrase-file p.txt --by office
    """
    from controller.cli.paper_office import issue_approved, local_seal, remote_seal

    if not by:
        refuse("say who releases the documents, for the log: --by NAME")
    if seal_service and seal_chain is not None:
        held = remote_seal(seal_service, seal_chain, seal_passphrase_file)
    elif seal is not None:
        held = local_seal(seal, passphrase("the seal", seal_passphrase_file))
    else:
        refuse(
            "a certificate needs the institution's seal: give it with --seal FILE.p12, "
            "or with --seal-service URL and --seal-chain FILE.pem"
        )
    issue_approved(out, laboratory, numbers, held, by, _tongue(language))


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Sealed PDF or signed XML files.")],
    trust: Annotated[
        Path, typer.Option(help="The certificates to trust, PEM: the seal's root.")
    ] = Path("trust.pem"),
    out: Annotated[
        Path | None,
        typer.Option(help="A run whose register tells whether they are still valid."),
    ] = None,
) -> None:
    """Check documents without a network, and say what is wrong with them.

    Looks at the seal, who vouches for it, additions after sealing, the digital certificate and
    the record inside, and whether they agree.

    Example: hardlab certificate verify DEMO-2026-00001.pdf --trust demo-root.pem
    """
    from controller.cli.papers import verify_files

    # The library's own log shows tracebacks for what we tell in a line.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    if not trust.is_file():
        refuse(f"{trust}: give the certificates you trust with --trust FILE.pem")
    if not verify_files(files, trust, out):
        raise typer.Exit(NOT_DONE)


@app.command()
def revoke(
    number: Annotated[str, typer.Argument(help="The number of the certificate.")],
    by: Annotated[str, typer.Option(help="批准人: a short name.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence.")],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="A file with the passphrase of the person.")
    ] = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Declare an issued certificate invalid, signed by who may approve.

    Example: hardlab certificate revoke HRJ2026-00001 --by wang --reason "wrong customer"
    """
    from controller.cli.paper_office import revoke_certificate

    revoke_certificate(out, number, by, passphrase_file, reason)


@app.command()
def amend(
    number: Annotated[str, typer.Argument(help="The number of the certificate.")],
    reason: Annotated[str, typer.Option(help="What is corrected, in a sentence.")],
    laboratory: LaboratoryPath = None,
    out: Out = DEFAULT_OUT,
) -> None:
    """Make a new revision of an issued record from the library and the laboratory's file.

    It goes through the same review; its document names the one it replaces, and that one is
    superseded when the new one is issued.

    Example: hardlab certificate amend HRJ2026-00001 --reason "address of the customer corrected"
    """
    from controller.cli.paper_office import amend_certificate

    amend_certificate(out, laboratory, number, reason)


def _tongue(language: str) -> str:
    if language not in ("zh", "en", "both"):
        refuse(f"--language {language}: must be zh, en or both")
    return language
