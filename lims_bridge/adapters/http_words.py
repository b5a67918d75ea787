"""What an HTTP answer says about whether a request had its effect. One place for that judgement."""

from __future__ import annotations

import httpx2 as httpx

from lims_bridge.delivery.outcomes import NotSent, Refused, Uncertain

REQUEST_TIMEOUT, CONFLICT, TOO_EARLY, TOO_MANY = 408, 409, 425, 429
_FIRST_ERROR, _FIRST_SERVER_ERROR = 400, 500
LONGEST_WISH_S = 3600.0


def of_error(error: httpx.HTTPError) -> NotSent | Uncertain:
    """Return what a failed exchange means: without a connection nothing has left us."""
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return NotSent(why)
    return Uncertain(why)


def of_bad_answer(answer: httpx.Response) -> NotSent | Uncertain | Refused:
    """Return what an answer that is no success means.

    A server error does not say that nothing happened, nor does "unavailable": a proxy may have
    written it after the effect. Redirections are refused: a POST must not wander.
    """
    why = f"HTTP {answer.status_code}: {_excerpt(answer)}"
    status = answer.status_code
    if status in (TOO_MANY, TOO_EARLY):
        return NotSent(why, _retry_after(answer))
    if status >= _FIRST_SERVER_ERROR or status in (REQUEST_TIMEOUT, CONFLICT):
        return Uncertain(why)
    return Refused(why)


def _retry_after(answer: httpx.Response) -> float | None:
    wish = answer.headers.get("retry-after", "")
    return min(float(wish), LONGEST_WISH_S) if wish.isascii() and wish.isdigit() else None


def _excerpt(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())[:200]
