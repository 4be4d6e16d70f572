"""Control characters, nulls, numbers and dates out of range: refused by name, never a server error."""

from __future__ import annotations

import httpx

from tests.people.support import person

NUL = "a\x00b"


async def test_nothing_that_is_sent_breaks_the_server(manager: httpx.AsyncClient) -> None:
    one = f"/api/people/{(await person(manager, 'NZ'))['id']}"
    car = f"/api/vehicles/{(await manager.post('/api/vehicles', json={'plate': 'X9', 'type': 'car'})).json()['id']}"
    told: list[tuple[str, int]] = []

    async def say(method: str, path: str, **given: object) -> None:
        told.append((f"{method} {path} {given}", (await manager.request(method, path, **given)).status_code))  # type: ignore[arg-type]

    for path in ("/api/people", "/api/people/terminals", "/api/vehicles"):
        for name in ("q", "after", "department", "zone"):
            await say("GET", path, params={name: NUL})
    for body in ({"code": NUL}, {"name": NUL}, {"account_id": "0190aaaa-0000-7000-8000-000000000000"}):
        await say("POST", "/api/people", json={"code": "NZ2", "name": "x", "class": "visitor", **body})
    for change in ({"name": None}, {"class": None}, {"version": 2**40}, {}):
        await say("PATCH", one, json={"version": 1, **change})
    for change in ({"plate": None}, {"roads": None}, {"version": 2**40}):
        await say("PATCH", car, json={"version": 1, **change})
    await say("PUT", f"{one}/badge", json={"badge": NUL})
    await say("PUT", "/api/people/departments/a%00b", json={"name": "x"})
    await say("PUT", "/api/people/terminals/T1", json={"kind": "badge", "model": NUL})
    await say(
        "PUT", "/api/people/terminals/T2", json={"kind": "anchor", "battery_on": "9999-12-31", "battery_years": 30}
    )
    await say("GET", "/api/people/terminals")
    for target in (NUL, "x"):
        await say("POST", "/api/people/calls", json={"scope": "zone", "target": target, "message": "x"})
    await say("POST", "/api/people/sos", json={"note": NUL})
    for period in ({"from": "0001-01-01T00:00:00Z"}, {"to": "9999-12-31T23:59:59Z"}, {"to": "0001-01-01T00:00:00Z"}):
        await say("GET", "/api/fences/events", params=period)
    for name, content in (
        ("x.csv", b"code,name,class\n\x00,\x00,visitor\n"),
        ("x.xlsx", b"PK\x03\x04junk"),
        ("y", b""),
    ):
        await say("POST", "/api/people/import", files={"file": (name, content)})
    assert [row for row in told if row[1] >= 500] == []
