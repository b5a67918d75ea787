"""SENAITE LIMS over its JSON API (senaite.jsonapi 2.x).

Each step looks first and acts only on what is missing, because the server keeps no idempotency
keys, ignores filters it has no index for, answers a wrong password with an empty list, and may
have done what it answers 500 to. Our key stands in ClientSampleID, which has an index. The robot
submits results; a person verifies them there: the same user may not do both.

These behaviours were measured on SENAITE 2.6.0. The field names of an analysis
(``getServiceUID``, ``AnalysisService``, ``Analyses``) are from its documentation and not confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx

from lims_bridge.adapters.http_words import of_bad_answer, of_error
from lims_bridge.delivery.outcomes import (
    Absent,
    Arrived,
    Assurance,
    CannotTell,
    Finding,
    NotSent,
    Outcome,
    Refused,
    Uncertain,
)
from lims_bridge.delivery.parcel import Held, Parcel

API = "@@API/senaite/v1"
SUBMITTED = frozenset({"to_be_verified", "verified", "published"})
NOT_YET_RECEIVED = "sample_due"
UNAUTHORISED = 401


@dataclass(frozen=True, slots=True)
class SenaiteSite:
    """Where and as whom. ``services`` maps our results to the UIDs of analysis services.

    UIDs, not names: the API takes no names for references.
    """

    url: str
    user: str
    password: str
    client: str
    contact: str
    sample_type: str
    services: Mapping[str, str]


class _Trouble(Exception):  # noqa: N818  (carries an outcome out of a chain of steps)
    def __init__(self, outcome: NotSent | Uncertain | Refused) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


class SenaiteReceiver:
    """One SENAITE; give it one courier only, for parallel writes conflict there."""

    def __init__(
        self,
        site: SenaiteSite,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        """Address a site."""
        self._site = site
        self._http = httpx.AsyncClient(
            base_url=f"{site.url.rstrip('/')}/{API}/",
            auth=(site.user, site.password),
            transport=transport,
            timeout=timeout_s,
            follow_redirects=False,
        )

    @property
    def assurance(self) -> Assurance:
        """Return how a second sending is kept harmless."""
        return "look-up"

    async def look_up(self, parcel: Parcel) -> Finding:
        """Find our sample; one that is there but not complete is completed by `deliver`."""
        try:
            await self._logged_in()
            samples = await self._samples(parcel.key)
            if not samples:
                return Absent()
            if len(samples) > 1:
                return _twice(parcel.key, samples)
            if await self._complete(samples[0]):
                return Arrived(str(samples[0]["id"]))
            return Absent()
        except _Trouble as trouble:
            return CannotTell(trouble.outcome.why)
        except httpx.HTTPError as error:
            return CannotTell(of_error(error).why)

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Create the sample if it is not there, receive it, fill in and submit its results."""
        if parcel.kind != "issued":
            return Refused(f"SENAITE cannot be told {parcel.kind!r}: invalidate the sample there")
        missing = [name for name in results_of(parcel) if name not in self._site.services]
        if missing:
            return Refused(f"no analysis service is configured for {', '.join(missing)}")
        try:
            await self._logged_in()
            samples = await self._samples(parcel.key)
            if not samples:
                # Looked for again: a proxy may have sent the create twice.
                created = await self._create(parcel)
                samples = await self._samples(parcel.key) or [created]
            if len(samples) > 1:
                return _twice(parcel.key, samples)
            sample = samples[0]
            await self._receive(sample)
            await self._fill_in(sample, results_of(parcel))
            return Arrived(str(sample["id"]))
        except _Trouble as trouble:
            return trouble.outcome
        except httpx.HTTPError as error:
            return of_error(error)

    async def recent(self, limit: int) -> tuple[Held, ...] | CannotTell:
        """Return our keys among the latest samples of the client."""
        try:
            await self._logged_in()
            found = await self._get(
                "AnalysisRequest", limit=limit, sort_on="created", sort_order="desc", complete="yes"
            )
        except _Trouble as trouble:
            return CannotTell(trouble.outcome.why)
        except httpx.HTTPError as error:
            return CannotTell(of_error(error).why)
        keys = (str(item.get("getClientSampleID") or "") for item in found)
        return tuple(Held(key) for key in keys if key)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    # -- steps -----------------------------------------------------------------

    async def _logged_in(self) -> None:
        """Make sure of the password: a wrong one is not refused on reading, all looks empty."""
        users = await self._get("users/current")
        if not users or users[0].get("authenticated") is not True:
            raise _Trouble(NotSent(f"SENAITE does not know the user {self._site.user}"))

    async def _samples(self, key: str) -> list[dict[str, Any]]:
        found = await self._get("AnalysisRequest", getClientSampleID=key, complete="yes")
        # A filter without an index is ignored and gives everything: look at what came.
        return [sample for sample in found if sample.get("getClientSampleID") == key]

    async def _complete(self, sample: Mapping[str, Any]) -> bool:
        analyses = await self._analyses(sample)
        return bool(analyses) and all(a.get("review_state") in SUBMITTED for a in analyses)

    async def _analyses(self, sample: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the analyses of a sample, each asked for by its UID: no filter is trusted."""
        (whole,) = await self._get(f"AnalysisRequest/{sample['uid']}", complete="yes") or [{}]
        found: list[dict[str, Any]] = []
        for listed in whole.get("Analyses", ()):
            found += await self._get(f"Analysis/{listed['uid']}", complete="yes")
        return found

    async def _create(self, parcel: Parcel) -> dict[str, Any]:
        site = self._site
        body = {
            "portal_type": "AnalysisRequest",
            "parent_uid": site.client,
            "Contact": site.contact,
            "SampleType": site.sample_type,
            "ClientSampleID": parcel.key,
            "ClientReference": parcel.notice["certificate"],
            "DateSampled": parcel.content["ended"],
            "Analyses": [site.services[name] for name in results_of(parcel)],
        }
        created = await self._post("create", body)
        if len(created) != 1 or "uid" not in created[0]:
            raise _Trouble(Uncertain("SENAITE's answer to a create names no sample"))
        return created[0]

    async def _receive(self, sample: dict[str, Any]) -> None:
        if sample.get("review_state", NOT_YET_RECEIVED) == NOT_YET_RECEIVED:
            await self._post("update", {"uid": sample["uid"], "transition": "receive"})

    async def _fill_in(self, sample: Mapping[str, Any], results: Mapping[str, str]) -> None:
        by_service = {self._site.services[name]: value for name, value in results.items()}
        analyses = await self._analyses(sample)
        if {_service(a) for a in analyses} != set(by_service):
            raise _Trouble(Refused(f"sample {sample['id']} has other analyses than our results"))
        for analysis in analyses:
            wanted = by_service[_service(analysis)]
            if analysis.get("review_state") not in SUBMITTED:
                step = {"uid": analysis["uid"], "Result": wanted, "transition": "submit"}
                await self._post("update", step)
            elif str(analysis.get("Result")) != wanted:
                raise _Trouble(
                    Refused(f"sample {sample['id']} has the result {analysis.get('Result')}")
                )

    async def _get(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        answer = await self._http.get(path, params=query)
        if not answer.is_success:
            raise _Trouble(of_bad_answer(answer))
        return _items(answer)

    async def _post(self, path: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self._http.post(path, json=body)
        if answer.status_code == UNAUTHORISED:
            # A locked result and a lost login look the same; the next look-up tells them apart.
            raise _Trouble(Uncertain("HTTP 401: not allowed, or done already"))
        if not answer.is_success:
            # 4xx but 401, too: "invalid transition" may mean that it was done before.
            raise _Trouble(of_bad_answer(answer))
        return _items(answer)


def results_of(parcel: Parcel) -> dict[str, str]:
    """Return the results that SENAITE is told, by our names, digit by digit."""
    content = parcel.content
    return {
        "mean": str(content["result"]["value"]),
        "uniformity": str(content["result"]["uniformity"]),
        "expanded_uncertainty": str(content["uncertainty"]["expanded"]),
    }


def _twice(key: str, samples: list[dict[str, Any]]) -> Refused:
    named = ", ".join(str(sample.get("id")) for sample in samples)
    return Refused(f"{len(samples)} samples bear our key {key}: {named}; cancel all but one there")


def _service(analysis: Mapping[str, Any]) -> str:
    reference = analysis.get("AnalysisService") or {}
    return str(analysis.get("getServiceUID") or reference.get("uid", ""))


def _items(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return what was found: a list, or the one object that was asked for by its UID."""
    try:
        content = answer.json()
        items = content.get("items", [content] if "uid" in content else None)
    except (ValueError, AttributeError):
        items = None
    if not isinstance(items, list):
        raise _Trouble(Uncertain("SENAITE's answer is not the JSON its API promises"))
    return [item for item in items if isinstance(item, dict)]
