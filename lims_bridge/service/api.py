"""The REST interface: a LIMS behind a firewall fetches records, and gives orders.

Only what was issued can be seen. Every client has a token of its own; orders carry an
``Idempotency-Key``, so that a repeated request is taken once.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine

from lims_bridge.delivery.inbox import NewOrder, TakenOrder, order_of, take_order
from lims_bridge.keeping.files import FileDamagedError, FileMissingError, FileStore
from lims_bridge.review.refusal import Refusal
from lims_bridge.service.notices import issued_documents, notices_after
from lims_bridge.service.shapes import ErrorShape, NoticeShape, NoticesShape
from runtime import offload, utc_now

log = logging.getLogger(__name__)

MOST = 200
LARGEST_SEQUENCE = 2**53 - 1
PROBLEM: dict[int | str, dict[str, object]] = {401: {"model": ErrorShape}}
MEDIA = {b"%PDF": "application/pdf", b"<?xm": "application/xml"}


@dataclass(frozen=True, slots=True)
class Office:
    """What the interface stands on; ``tokens`` gives each client's token by its name."""

    engine: Engine
    files: FileStore
    tokens: Mapping[str, str]
    now: Callable[[], datetime] = utc_now


def build_api(office: Office) -> FastAPI:
    """Return the application."""
    api = FastAPI(
        title="hardlab office",
        version="1",
        summary="Records of verified hardness reference blocks, and orders.",
        docs_url=None,
        redoc_url=None,
    )
    client = _clients(office)
    _add_records(api, office, client)
    _add_orders(api, office, client)

    @api.exception_handler(HTTPException)
    async def refused(request: object, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    return api


Client = Callable[..., Awaitable[str]]


def _clients(office: Office) -> Client:
    bearer = HTTPBearer(auto_error=False)

    async def client(
        shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)] = None,
    ) -> str:
        given = shown.credentials.encode() if shown else b""
        # All are compared, so that the time taken tells nothing.
        hits = [n for n, t in office.tokens.items() if t and hmac.compare_digest(t.encode(), given)]
        if not hits:
            raise HTTPException(401, "no client has this token", {"WWW-Authenticate": "Bearer"})
        return hits[0]

    return client


def _add_records(api: FastAPI, office: Office, client: Client) -> None:
    @api.get("/v1/records", responses=PROBLEM)
    async def records(
        who: Annotated[str, Depends(client)],
        after: Annotated[int, Query(ge=0, le=LARGEST_SEQUENCE)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> NoticesShape:
        """Fetch what became true after a sequence number, oldest first.

        Keep the ``after`` of the answer and give it the next time.
        """
        found, more = await offload(notices_after, office.engine, office.files, after, limit)
        items = tuple(NoticeShape.model_validate(notice) for notice in found)
        return NoticesShape(items=items, after=items[-1].sequence if items else after, more=more)

    @api.get(
        "/v1/documents/{sha256}",
        response_class=Response,
        responses={**PROBLEM, 404: {"model": ErrorShape}, 410: {"model": ErrorShape}},
    )
    async def document(
        who: Annotated[str, Depends(client)],
        sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    ) -> Response:
        """Fetch an issued document."""
        if sha256 not in await offload(lambda: set(issued_documents(office.engine))):
            raise HTTPException(404, "no such document was issued")
        try:
            content = await offload(office.files.get, sha256)
        except FileMissingError:
            raise HTTPException(410, "this document was erased") from None
        except FileDamagedError as error:
            log.error("%s", error)
            raise HTTPException(500, "the kept document is damaged") from None
        return Response(content, media_type=MEDIA.get(content[:4], "application/octet-stream"))


def _add_orders(api: FastAPI, office: Office, client: Client) -> None:
    @api.post(
        "/v1/orders",
        status_code=201,
        responses={
            **PROBLEM,
            200: {"model": TakenOrder, "description": "Taken before under this key"},
            409: {"model": ErrorShape},
        },
    )
    async def order(
        who: Annotated[str, Depends(client)],
        wanted: NewOrder,
        idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
        response: Response,
    ) -> TakenOrder:
        """Order verifications; the same key again gives the first answer, with status 200."""
        taken = await offload(
            take_order,
            office.engine,
            office.files,
            who,
            idempotency_key.strip('"'),
            wanted,
            office.now(),
        )
        if isinstance(taken, Refusal):
            raise HTTPException(409, taken.reason)
        response.status_code = 200 if taken.again else 201
        return taken

    @api.get("/v1/orders/{number}", responses={**PROBLEM, 404: {"model": ErrorShape}})
    async def one_order(who: Annotated[str, Depends(client)], number: str) -> TakenOrder:
        """Look at an order."""
        found = await offload(order_of, office.engine, number)
        if found is None:
            raise HTTPException(404, f"there is no order {number}")
        return found
