"""Steps of the hazard loop over HTTP, as the handheld takes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from tests.signature.support import confirmation, live_photo
from twin import clock

Json = dict[str, Any]
_seeds = count(1000)
PLAN = {
    "measures": "更换法兰",
    "funds": "5 万元",
    "deadline": "两周",
    "responsible": "周建国",
    "emergency": "启动现场处置方案",
}


@dataclass
class Crew:
    """Clients and account ids by role."""

    people: dict[str, httpx.AsyncClient]
    ids: dict[str, UUID]

    async def report(self, who: str = "employee", **more: Any) -> Json:
        """A hazard with a live photo at the tank farm."""
        http = self.people[who]
        number = (await http.post("/api/hazards/numbers")).json()["number"]
        photo = await live_photo(http, "hazard", number, next(_seeds))
        body = {"number": number, "title": "球罐法兰渗漏", "description": "V-101 底部法兰", "lon": 117.778, "lat": 38.359,
                "hazard_type": 7, "department": "储运部", "photos": [photo], **more}  # fmt: skip
        if "fixed" in more:
            again = await live_photo(http, "hazard", number, next(_seeds))
            body["fixed"] = {**more["fixed"], "photos": [again]}
        answer = await http.post("/api/hazards", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def step(self, who: str, hazard: Json, path: str, body: Any = None, status: int = 200) -> Json:
        """A step; the answer."""
        answer = await self.people[who].post(f"/api/hazards/{hazard['id']}/{path}", json=body)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def assignment(self, **more: Any) -> Json:
        """Owner employee, accepted by manager and leader, in three days."""
        return {
            "owner_id": str(self.ids["employee"]), "acceptor_ids": [str(self.ids["manager"]), str(self.ids["leader"])],
            "deadline": (clock.now() + timedelta(days=3)).isoformat(), **more,
        }  # fmt: skip

    async def rectification(self, hazard: Json, who: str = "employee", **more: Any) -> Json:
        """What was done, with a live photo."""
        photo = await live_photo(self.people[who], "hazard_rectification", hazard["code"], next(_seeds))
        return {
            "cause": "垫片老化",
            "measures": "更换垫片并气密试验",
            "cost": 0.3,
            "photos": [photo],
            "permit": "DH-1",
            **more,
        }

    async def rectifying(self, **more: Any) -> Json:
        """A hazard that waits for its owner."""
        hazard = await self.report()
        await self.step("manager", hazard, "evaluate", {"level": 0, "hazard_type": 7})
        return await self.step("manager", hazard, "assign", self.assignment(**more))

    async def to_accept(self) -> Json:
        """A hazard that waits for its acceptors."""
        hazard = await self.rectifying()
        return await self.step("employee", hazard, "rectify", await self.rectification(hazard))


def accept(opinion: str = "同意") -> Json:
    """A signed acceptance."""
    return {"opinion": opinion, "confirmation": confirmation()}
