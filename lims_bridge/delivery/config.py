"""Who is told and how: the file ``office.toml``, checked before anything is sent."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lims_bridge.adapters.folder import FolderReceiver
from lims_bridge.adapters.rest import RestReceiver
from lims_bridge.adapters.senaite import SenaiteReceiver, SenaiteSite
from lims_bridge.adapters.timestamp import TimestampReceiver
from lims_bridge.delivery.backoff import Backoff
from lims_bridge.delivery.courier import Pace
from lims_bridge.delivery.outbox import Destination
from lims_bridge.delivery.parcel import Receiver

if TYPE_CHECKING:
    from lims_bridge.sealing.witness import Witness


class OfficeConfigError(ValueError):
    """The file cannot be used; each of ``problems`` names a key and what to do."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Part(BaseModel):
    """The root: unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PaceConfig(Part):
    """How a destination is treated; seconds, except ``alarm_h`` (hours)."""

    base_s: Annotated[float, Field(gt=0)] = 2.0
    cap_s: Annotated[float, Field(gt=0)] = 900.0
    send_s: Annotated[float, Field(gt=0)] = 60.0
    settle_s: Annotated[float, Field(ge=0)] = 30.0
    look_s: Annotated[float, Field(gt=0)] = 60.0
    idle_s: Annotated[float, Field(gt=0)] = 10.0
    alarm_h: Annotated[float, Field(gt=0)] = 24.0

    def pace(self, seed: int) -> Pace:
        """Return it as the courier wants it; ``seed`` spreads the moments of retries."""
        return Pace(
            backoff=Backoff(self.base_s, self.cap_s, seed),
            send_s=self.send_s,
            settle_s=self.settle_s,
            look_s=self.look_s,
            idle_s=self.idle_s,
        )


class DestinationConfig(Part):
    """What every destination has."""

    pace: PaceConfig = PaceConfig()


class RestConfig(DestinationConfig):
    """A LIMS that speaks our REST contract."""

    kind: Literal["rest"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    assurance: Literal["keys", "look-up", "none"]
    token_file: Path | None = None
    inline_documents: bool = True

    def receiver(self) -> Receiver:
        """Return the receiver."""
        token = secret(self.token_file) if self.token_file else ""
        return RestReceiver(
            self.url,
            token=token,
            assurance=self.assurance,
            inline_documents=self.inline_documents,
            timeout_s=self.pace.send_s,
        )


class FolderConfig(DestinationConfig):
    """A LIMS that reads a folder; ``staging`` lies on the same disk and is ours alone."""

    kind: Literal["folder"]
    drop: Path
    staging: Path
    answers: bool = True

    def receiver(self) -> Receiver:
        """Return the receiver. Raises `OfficeConfigError` if renaming would not be atomic."""
        for key, folder in (("drop", self.drop), ("staging", self.staging)):
            if not folder.is_dir():
                raise OfficeConfigError(f"{key}: {folder} is no folder; create it")
        if os.stat(self.drop).st_dev != os.stat(self.staging).st_dev:
            raise OfficeConfigError(
                f"staging: {self.staging} lies on another disk than {self.drop}; a file could be "
                "seen half written there. Choose a folder beside it"
            )
        return FolderReceiver(self.drop, self.staging, self.answers)


class SenaiteConfig(DestinationConfig):
    """A SENAITE; references are UIDs."""

    kind: Literal["senaite"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    user: str
    password_file: Path
    client: str
    contact: str
    sample_type: str
    services: dict[Literal["mean", "uniformity", "expanded_uncertainty"], str]

    def receiver(self) -> Receiver:
        """Return the receiver."""
        site = SenaiteSite(
            url=self.url,
            user=self.user,
            password=secret(self.password_file),
            client=self.client,
            contact=self.contact,
            sample_type=self.sample_type,
            services=dict(self.services.items()),
        )
        return SenaiteReceiver(site, timeout_s=self.pace.send_s)


class TimestampConfig(DestinationConfig):
    """A time-stamping authority (RFC 3161) for the daily anchors."""

    kind: Literal["timestamp"]
    url: Annotated[str, Field(pattern=r"^https?://")]

    def receiver(self) -> Receiver:
        """Return the receiver."""
        return TimestampReceiver(self.url, timeout_s=self.pace.send_s)


AnyDestination = Annotated[
    RestConfig | FolderConfig | SenaiteConfig | TimestampConfig, Field(discriminator="kind")
]


class ApiConfig(Part):
    """Who may fetch records from us and order: name of the client, file with its token."""

    clients: dict[str, Path] = {}


class SealConfig(Part):
    """Who proves when a seal was put on: with ``timestamp`` PAdES B-T, with ``authorities`` B-LT.

    ``authorities`` are the roots of seal and time stamp (PEM); ``crls`` their revocation lists,
    fetched from where the certificates say if none is given.
    """

    timestamp: Annotated[str, Field(pattern=r"^https?://")] | None = None
    authorities: Path | None = None
    crls: tuple[Path, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> SealConfig:
        if self.authorities is not None and self.timestamp is None:
            raise ValueError("authorities need a timestamp: proofs without a time prove nothing")
        if self.crls and self.authorities is None:
            raise ValueError("crls need authorities, the roots they belong to")
        return self

    def witness(self) -> Witness:
        """Return it as a seal wants it. Raises `OfficeConfigError`."""
        # The library of seals is dear to load, and most who read this file put on none.
        from lims_bridge.sealing.service import SealError
        from lims_bridge.sealing.witness import HttpStamper, Witness, read_proofs

        if self.timestamp is None:
            return Witness()
        try:
            proofs = read_proofs(self.authorities, self.crls) if self.authorities else None
        except SealError as error:
            raise OfficeConfigError(str(error)) from None
        return Witness(HttpStamper(self.timestamp), proofs)


class OfficeConfig(Part):
    """The whole file."""

    destination: dict[str, AnyDestination] = {}
    api: ApiConfig = ApiConfig()
    seal: SealConfig = SealConfig()

    @property
    def told_of_records(self) -> tuple[Destination, ...]:
        """Return whom to tell when a record is issued or withdrawn."""
        named = self.destination.items()
        return tuple(Destination(name) for name, d in named if d.kind != "timestamp")

    @property
    def told_of_anchors(self) -> tuple[Destination, ...]:
        """Return whom to ask for a time stamp on an anchor."""
        named = self.destination.items()
        return tuple(Destination(name) for name, d in named if d.kind == "timestamp")


def load_office(path: Path) -> OfficeConfig:
    """Return the configuration. Raises `OfficeConfigError`, each problem one line."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OfficeConfigError(f"{path}: no such file; see examples/office.toml") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OfficeConfigError(f"{path}: not TOML: {error}") from None
    try:
        return OfficeConfig.model_validate(content)
    except ValidationError as error:
        raise OfficeConfigError(
            *(_said(path, e["loc"], e["msg"]) for e in error.errors())
        ) from None


def secret(path: Path) -> str:
    """Return the first line of a file that others cannot read. Raises `OfficeConfigError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise OfficeConfigError(f"{path}: others can read it; say: chmod 600 {path}")
        return path.read_text(encoding="utf-8").splitlines()[0].strip()
    except (OSError, IndexError) as error:
        raise OfficeConfigError(f"{path}: holds no secret: {error}") from None


def _said(path: Path, where: tuple[int | str, ...], what: str) -> str:
    return f"{path}: {'.'.join(map(str, where)) or 'file'}: {what[0].lower()}{what[1:]}"
