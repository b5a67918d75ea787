"""Commands about what is told to LIMS, and what they order."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.errors import NOT_DONE, refuse
from controller.cli.office import By, Opened, Why, opened
from controller.cli.options import DEFAULT_OUT, Out

if TYPE_CHECKING:
    from lims_bridge.delivery.decisions import Decision
    from lims_bridge.delivery.outbox import Message
    from lims_bridge.delivery.parcel import Receiver

app = typer.Typer(
    no_args_is_help=True,
    help="Delivery to LIMS: the outbox, dead letters, the nightly comparison, the interface.",
)

Key = Annotated[str, typer.Argument(help="The key of a message, as `list` shows it.")]


@app.command()
def status(out: Out = DEFAULT_OUT) -> None:
    """Count messages by destination and state; the exit code is 1 if a person is needed."""
    from lims_bridge.delivery.outbox import counts, messages
    from runtime import utc_now

    with opened(out) as office:
        counted = counts(office.engine)
        for (destination, state), number in counted.items():
            print(f"{destination:16} {state:9} {number}")
        if not counted:
            told = ", ".join(office.config.destination) or f"nobody: {office.place.config} is empty"
            print(f"no message yet; told of what is issued: {told}")
        stuck = messages(office.engine, "dead", "unknown")
        now = utc_now()
        late = [
            message
            for message in messages(office.engine, "pending", "sending")
            if now - message.created > _alarm(office, message)
        ]
    for message in (*stuck, *late):
        _tell(message)
    if stuck or late:
        refuse(f"{len(stuck)} need a decision, {len(late)} are late", code=NOT_DONE)


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="Only in this state, for example dead.")] = "",
    destination: Annotated[str, typer.Option(help="Only to this destination.")] = "",
    out: Out = DEFAULT_OUT,
) -> None:
    """List messages, with the last error of those that did not arrive."""
    from lims_bridge.delivery.outbox import messages

    with opened(out) as office:
        found = messages(office.engine, *([state] if state else []), destination=destination)
    for message in found:
        _tell(message)
    if not found:
        refuse("no such message", code=NOT_DONE)


@app.command()
def run(
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is under way any more.")
    ] = False,
    out: Out = DEFAULT_OUT,
) -> None:
    """Deliver, for ever: one courier for each destination of OUT/office.toml.

    It may be killed at any time; two of them do no harm.
    """
    with opened(out) as office:
        receivers = _receivers(office)
        if not receivers:
            refuse(f"{office.place.config}: no destination is configured; see examples/office.toml")
        asyncio.run(_deliver(office, receivers, once=once))


@app.command()
def resend(key: Key, by: By, reason: Why, out: Out = DEFAULT_OUT) -> None:
    """Send a dead or unknown message again, once its cause is mended; the same key is used."""
    _decide("resend", key, by, reason, out)


@app.command()
def arrived(key: Key, by: By, reason: Why, out: Out = DEFAULT_OUT) -> None:
    """Say that an unknown message was seen at the receiver."""
    _decide("arrived", key, by, reason, out)


@app.command("give-up")
def give_up(key: Key, by: By, reason: Why, out: Out = DEFAULT_OUT) -> None:
    """Never send a message; the later ones of its block go on."""
    _decide("give-up", key, by, reason, out)


@app.command()
def reconcile(
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest to compare.")] = 500,
    out: Out = DEFAULT_OUT,
) -> None:
    """Compare with what each receiver says it has; what it lost is sent again. Nightly."""
    with opened(out) as office:
        bad = asyncio.run(_reconcile(office, _receivers(office), limit))
    if bad:
        refuse(f"{bad} destinations do not agree with our books", code=NOT_DONE)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = 8466,
    certificate: Annotated[str, typer.Option(help="TLS certificate (PEM).")] = "",
    private_key: Annotated[str, typer.Option(help="Its private key (PEM).")] = "",
    out: Out = DEFAULT_OUT,
) -> None:
    """Serve the REST interface: records to fetch, orders to give."""
    import uvicorn

    from lims_bridge.delivery.config import OfficeConfigError, secret
    from lims_bridge.service.api import Office, build_api

    if host not in ("127.0.0.1", "localhost", "::1") and not certificate:
        refuse(f"--host {host}: tokens would travel in the clear; give --certificate")
    with opened(out) as office:
        try:
            tokens = {name: secret(path) for name, path in office.config.api.clients.items()}
        except OfficeConfigError as error:
            refuse(*error.problems)
        if not tokens:
            refuse(f"{office.place.config}: api.clients is empty; nobody could ask anything")
        api = build_api(Office(office.engine, office.place.files, tokens))
        uvicorn.run(
            api,
            host=host,
            port=port,
            log_level="warning",
            ssl_certfile=certificate or None,
            ssl_keyfile=private_key or None,
        )


@app.command("openapi")
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the REST interface."""
    import json
    from pathlib import Path

    from sqlalchemy import create_engine

    from lims_bridge.keeping.files import FileStore
    from lims_bridge.service.api import Office, build_api

    office = Office(create_engine("sqlite://"), FileStore(Path()), {})
    print(json.dumps(build_api(office).openapi(), indent=2, sort_keys=True, ensure_ascii=False))


async def _deliver(office: Opened, receivers: dict[str, Receiver], *, once: bool) -> None:
    from lims_bridge.delivery.courier import Courier
    from runtime import Clock, unique_id

    clock = Clock.starting()
    seed = int(unique_id(), 16)
    couriers = [
        Courier(
            office.engine,
            office.place.files,
            name,
            receiver,
            clock,
            holder=f"{name} {unique_id()}",
            pace=office.config.destination[name].pace.pace(seed),
        )
        for name, receiver in receivers.items()
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for courier in couriers:
                group.create_task(courier.finish() if once else courier.run())
    finally:
        for receiver in receivers.values():
            await receiver.close()


async def _reconcile(office: Opened, receivers: dict[str, Receiver], limit: int) -> int:
    from lims_bridge.delivery.reconcile import reconcile as compare
    from runtime import utc_now

    bad = 0
    for name, receiver in receivers.items():
        found = await compare(office.engine, office.place.files, name, receiver, utc_now(), limit)
        await receiver.close()
        print(f"{'ok  ' if found.good else 'FAIL'} {name}: {found.compared} compared")
        bad += not found.good
        for what in ("lost", "doubled", "altered", "unheard", "strange"):
            for key in getattr(found, what):
                print(f"  {what}: {key}{' (will be sent again)' if what == 'lost' else ''}")
        if found.trouble:
            print(f"  {found.trouble}")
    return bad


def _receivers(office: Opened) -> dict[str, Receiver]:
    from lims_bridge.delivery.config import OfficeConfigError

    try:
        return {name: d.receiver() for name, d in office.config.destination.items()}
    except OfficeConfigError as error:
        refuse(*error.problems)


def _decide(decision: Decision, key: str, by: str, reason: str, out: Out) -> None:
    from lims_bridge.delivery.decisions import Decider, decide
    from runtime import utc_now

    with opened(out) as office:
        refusal = decide(office.engine, key, decision, Decider(by, reason, utc_now()))
    if refusal:
        refuse(refusal.reason, code=NOT_DONE)
    print(f"{key}: {decision}")


def _alarm(office: Opened, message: Message) -> timedelta:
    configured = office.config.destination.get(message.destination)
    return timedelta(hours=configured.pace.alarm_h if configured else 0)


def _tell(message: Message) -> None:
    what = message.receipt if message.state == "done" else message.last_error
    tries = f"{message.attempts} tries" if message.attempts != 1 else "1 try"
    print(f"{message.key:32} {message.state:9} {tries:9} {what or ''}"[:200])
