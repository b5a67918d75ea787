"""A simulated SENAITE with the habits measured on version 2.6.0.

No idempotency; filters without an index ignored; a wrong password answered 200 with nothing;
500 for what was done; a transition done twice is 500 "Invalid transition"; a submitted result is
locked, and its submitter cannot verify it.
"""

from __future__ import annotations

import base64
from typing import Any

from hil_sim.lims.exchange import Answer, HungUp, Request
from hil_sim.lims.memory import Memory
from hil_sim.lims.moods import Moods

API = "/@@API/senaite/v1/"
INDEXES = ("getClientSampleID", "review_state")
BATCH = 25


class SenaiteLims:
    """A site with one user."""

    def __init__(
        self,
        memory: Memory,
        *,
        moods: Moods | None = None,
        user: str = "robot",
        password: str = "secret",
    ) -> None:
        """Open for business."""
        self.memory = memory
        self.moods = moods or Moods()
        self._login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._user = user

    @property
    def samples(self) -> list[dict[str, Any]]:
        """Return every sample, oldest first."""
        return [body for _, _, body in self.memory.of("sample")]

    @property
    def analyses(self) -> list[dict[str, Any]]:
        """Return every analysis, oldest first."""
        return [body for _, _, body in self.memory.of("analysis")]

    def answer(self, request: Request) -> Answer | HungUp:
        """Answer a request, in some mood."""
        known = request.headers.get("authorization") == self._login
        route = request.path.removeprefix("/senaite").removeprefix(API)
        if request.method == "GET":
            return self._read(route, request, known=known)
        if not known:
            return Answer(401, {"success": False, "message": "Unauthorized"})
        body = request.json()
        name = str(body.get("ClientSampleID") or body.get("uid"))
        mood = self.moods.of(name, self.memory.count(f"try {name}"))
        if mood == "unavailable":
            return Answer(503, {"message": "upstream"})
        if mood == "hang-up":
            return HungUp()
        done = self._write(route, body)
        if mood == "twice":
            self._write(route, body)
        if mood == "drop-after":
            return HungUp()
        return Answer(500, {"message": "ConflictError"}) if mood == "fail-after" else done

    def _read(self, route: str, request: Request, *, known: bool) -> Answer:
        if route == "users/current":
            user = {"username": self._user if known else "Anonymous User", "authenticated": known}
            return Answer(200, {"count": 1, "items": [user]})
        kind, _, uid = route.partition("/")
        if not known or kind not in ("AnalysisRequest", "Analysis"):
            return Answer(200, {"count": 0, "items": []})
        found = self.samples if kind == "AnalysisRequest" else self.analyses
        if uid:
            one = [thing for thing in found if thing["uid"] == uid]
            return Answer(200, one[0]) if one else Answer(404, {"message": "not found"})
        for index in INDEXES:
            if index in request.query:
                found = [thing for thing in found if thing.get(index) == request.query[index]]
        if request.query.get("sort_order") == "desc":
            found = found[::-1]
        shown = found[: int(request.query.get("limit", BATCH))]
        return Answer(200, {"count": len(found), "items": shown})

    def _write(self, route: str, body: dict[str, Any]) -> Answer:
        if route == "create":
            return self._create(body)
        return self._update(body) if route == "update" else Answer(404, {"message": "no route"})

    def _create(self, body: dict[str, Any]) -> Answer:
        number = len(self.samples) + 1
        uid = f"sample{number:04}"
        analyses = [f"{uid}-a{n}" for n, _ in enumerate(body["Analyses"])]
        sample = {
            "uid": uid,
            "id": f"HB-{number:04}",
            "getClientSampleID": body["ClientSampleID"],
            "getClientReference": body.get("ClientReference", ""),
            "review_state": "sample_due",
            "Analyses": [{"uid": name} for name in analyses],
        }
        self.memory.add("sample", uid, sample)
        for name, service in zip(analyses, body["Analyses"], strict=True):
            new = {"uid": name, "getServiceUID": service, "review_state": "registered"}
            self.memory.add("analysis", name, {**new, "Result": ""})
        return Answer(200, {"count": 1, "items": [sample]})

    def _update(self, body: dict[str, Any]) -> Answer:
        uid = body["uid"]
        found = self.memory.of("sample", uid) or self.memory.of("analysis", uid)
        if not found:
            return Answer(404, {"message": "not found"})
        number, _, thing = found[0]
        locked = thing["review_state"] in ("to_be_verified", "verified")
        if "Result" in body and locked:
            return Answer(401, {"message": "Field Result is not writeable"})
        reached = {"receive": ("sample_due", "sample_received")}
        reached["submit"] = ("unassigned", "to_be_verified")
        before, state = reached.get(body["transition"], ("", ""))
        if thing["review_state"] != before:
            return Answer(500, {"message": f"Invalid transition '{body['transition']}'"})
        changed = {**thing, "review_state": state}
        if "Result" in body:
            changed["Result"] = body["Result"]
        self.memory.change(number, changed)
        if state == "sample_received":
            self._open_analyses(changed)
        return Answer(200, {"count": 1, "items": [changed]})

    def _open_analyses(self, sample: dict[str, Any]) -> None:
        for listed in sample["Analyses"]:
            for number, _, analysis in self.memory.of("analysis", listed["uid"]):
                self.memory.change(number, {**analysis, "review_state": "unassigned"})
