"""A simulated LIMS that speaks our REST contract: with keys, with a look-up only, or neither."""

from __future__ import annotations

from typing import Any, Literal

from hil_sim.lims.exchange import Answer, HungUp, Request
from hil_sim.lims.memory import Memory
from hil_sim.lims.moods import Mood, Moods

Habit = Literal["keys", "look-up", "none"]


class RestLims:
    """Takes records under ``/records``; ``effects`` is what it did, each time it did it."""

    def __init__(
        self,
        memory: Memory,
        *,
        habit: Habit = "keys",
        moods: Moods | None = None,
        token: str = "",
    ) -> None:
        """Open for business."""
        self.memory = memory
        self.moods = moods or Moods()
        self._habit = habit
        self._token = token

    @property
    def effects(self) -> list[dict[str, Any]]:
        """Return every effect, in order; a key that stands twice was done twice."""
        return [body for _, _, body in self.memory.of("effect")]

    def forget(self, key: str) -> None:
        """Lose what came under a key, as after a restored backup."""
        for kind in ("effect", "reply"):
            for number, _, _ in self.memory.of(kind, key):
                self.memory.forget(number)

    def answer(self, request: Request) -> Answer | HungUp:
        """Answer a request, in some mood."""
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return Answer(401, {"error": "who are you?"})
        if request.method == "GET":
            return self._look(request)
        if request.path != "/records":
            return Answer(404, {"error": "nothing here"})
        key = str(request.json().get("key", ""))
        return self._met(key, request, self.moods.of(key, self.memory.count(f"try {key}")))

    def _look(self, request: Request) -> Answer:
        if self._habit == "none":
            return Answer(405, {"error": "this LIMS cannot be asked"})
        if request.path == "/records":
            limit = int(request.query.get("limit", "100"))
            return Answer(200, {"items": [_shown(body) for body in self.effects[-limit:]]})
        key = request.path.removeprefix("/records/")
        found = self.memory.of("effect", key)
        return Answer(200, _shown(found[-1][2])) if found else Answer(404, {"error": "no such key"})

    def _met(self, key: str, request: Request, mood: Mood) -> Answer | HungUp:
        match mood:
            case "unavailable":
                return Answer(503, {"error": "back soon"})
            case "hang-up":
                return HungUp()
            case "refuse":
                return Answer(422, {"error": "customer is not in the master data"})
            case "drop-after":
                self._take(key, request)
                return HungUp()
            case "fail-after":
                self._take(key, request)
                return Answer(500, {"error": "conflict while reporting success"})
            case "twice":
                self._take(key, request)
                return self._take(key, request)
            case "well":
                return self._take(key, request)

    def _take(self, key: str, request: Request) -> Answer:
        if self._habit == "keys":
            for _, _, reply in self.memory.of("reply", key):
                return Answer(200, reply)
        body = request.json()
        effect = {"key": key, "digest": body["digest"], "block": body["block"]}
        effect |= {"sequence": body["sequence"]}
        number = self.memory.add("effect", key, effect)
        reply = {"id": f"L-{number:06}", "key": key}
        if self._habit == "keys":
            self.memory.add("reply", key, reply)
        return Answer(201, reply)


def _shown(effect: dict[str, Any]) -> dict[str, Any]:
    return {"key": effect["key"], "digest": effect["digest"]}
