"""What the tests of people share: the demo site, badges in the ledger, and places as the tracking process writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from twin import clock
from twin.db.uow import unit_of_work


async def person(http: httpx.AsyncClient, code: str, **values: Any) -> dict[str, Any]:
    """A new person."""
    body = {"code": code, "name": f"张{code}", "class": "employee", **values}
    answer = await http.post("/api/people", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def badge(http: httpx.AsyncClient, code: str, **values: Any) -> dict[str, Any]:
    """A line of the ledger for a badge."""
    fit = {"ex_mark": "Ex ib IIC T4 Gb", "ex_certificate": "CNEx21.1", "ex_expiry": "2099-01-01", "temp_limit_c": 85}
    answer = await http.put(f"/api/people/terminals/{code}", json={"kind": "badge", **fit, **values})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def give(http: httpx.AsyncClient, person_id: str, code: str) -> httpx.Response:
    """Issue a badge."""
    return await http.put(f"/api/people/{person_id}/badge", json={"badge": code})


async def place(
    enterprise: UUID,
    subject: str,
    zone: str | None,
    *,
    age: float = 0.5,
    state: str = "good",
    floor: str | None = None,
    at: tuple[float, float, float] = (117.78, 38.36, 5.0),
) -> None:
    """Where somebody is, as the fence runner keeps it from the fixes of the tracking process."""
    async with unit_of_work(enterprise) as uow:
        await uow.session.execute(
            text(
                "INSERT INTO place_latest (enterprise_id, subject_id, kind, t, lon, lat, h, floor, zone, r95, speed,"
                " state, source) VALUES (:e, :s, 'person', :t, :lon, :lat, :h, :f, :z, 0.8, 0, :state, 'uwb')"
                " ON CONFLICT (subject_id) DO UPDATE SET t = excluded.t, zone = excluded.zone, floor = excluded.floor,"
                " state = excluded.state, lon = excluded.lon, lat = excluded.lat, h = excluded.h"
            ),
            {
                "e": enterprise, "s": UUID(subject), "t": clock.now() - timedelta(seconds=age), "z": zone,
                "state": state, "f": floor, "lon": at[0], "lat": at[1], "h": at[2],
            },
        )  # fmt: skip
