"""The live-sync invariant over every layer: a stale snapshot and the events since then give the fresh snapshot."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from tests.conftest import Enterprise
from tests.contract.conftest import everything, walk
from twin.db import outbox
from twin.db.uow import unit_of_work
from twin.registry.layer import Layer, layers

EVERY = [layer for layer in layers().values() if layer.live and layer.editable]
each = pytest.mark.parametrize("layer", EVERY, ids=[layer.key for layer in EVERY])


class Editor:
    """Random edits of one layer through the API, remembering what can be restored."""

    def __init__(self, http: httpx.AsyncClient, layer: Layer, rows: list[dict[str, Any]]) -> None:
        self.http = http
        self.layer = layer
        self.chance = random.Random(f"sync {layer.key}")
        self.rows = {row["id"]: row for row in rows}
        self.gone: list[str] = []
        self.made = 0

    async def step(self) -> None:
        """One edit. A site can only be changed: everything stands in it."""
        acts = [self.change, self.change, self.create, self.delete, self.restore]
        await (self.change if self.layer.key == "site" else self.chance.choice(acts))()

    def pick(self) -> dict[str, Any]:
        return self.chance.choice(list(self.rows.values()))

    async def change(self) -> None:
        row = self.pick()
        values: dict[str, Any] = {
            "note": f"备注 {self.chance.random()}",
            "name_en": self.chance.choice(["", 'a"b\\', "é"]),
        }
        body: dict[str, Any] = {"properties": values}
        if self.chance.random() < 0.3:
            body["geometry"] = row["geometry"]
        version = {"If-Match": f'"{row["properties"]["version"]}"'}
        self.keep(await self.http.patch(f"/api/spatial/{self.layer.key}/{row['id']}", json=body, headers=version), 200)

    async def create(self) -> None:
        row = self.pick()
        writable = {f.name: row["properties"][f.name] for f in self.layer.all_fields if f.writable}
        self.made += 1
        writable |= {n: f"SYNC-{self.made}" for n in ("code", "tag") if n in writable}
        body = {"geometry": row["geometry"], "properties": writable}
        self.keep(await self.http.post(f"/api/spatial/{self.layer.key}", json=body), 201)

    async def delete(self) -> None:
        if len(self.rows) < 2:
            return
        row = self.pick()
        version = {"If-Match": f'"{row["properties"]["version"]}"'}
        done = await self.http.delete(f"/api/spatial/{self.layer.key}/{row['id']}", headers=version)
        if done.status_code == 409 and done.json()["code"] == "in_use":
            return  # others belong to it
        assert done.status_code == 204, done.text
        del self.rows[row["id"]]
        self.gone.append(row["id"])

    async def restore(self) -> None:
        if not self.gone:
            return
        id_ = self.gone.pop(self.chance.randrange(len(self.gone)))
        self.keep(await self.http.post(f"/api/spatial/{self.layer.key}/{id_}/restore", json={"version": 1}), 200)

    def keep(self, answer: httpx.Response, status: int) -> None:
        assert answer.status_code == status, answer.text
        row = answer.json()
        self.rows[row["id"]] = row


async def apply(state: dict[str, Any], layer: Layer, enterprise: Enterprise, after: int) -> int:
    """Apply the events behind ``after`` to a snapshot, as a client of the hub does; the newest number."""
    await outbox.sequence()
    async with unit_of_work(enterprise.id) as uow:
        events = await outbox.read(uow.session, after, [layer.topic])
    assert [e.seq for e in events] == sorted({e.seq for e in events})
    for event in events:
        if event.kind == "del":
            state.pop(event.key)
        else:
            state[event.key] = event.payload
    return events[-1].seq if events else after


@each
async def test_stale_snapshot_and_events_give_the_fresh_snapshot(
    site: Enterprise, manager: httpx.AsyncClient, layer: Layer
) -> None:
    seen = await outbox.position()
    rows = await everything(manager, layer.key)
    state = {row["id"]: row for row in rows}
    editor = Editor(manager, layer, rows)
    for round_ in range(3):
        for _ in range(4):
            await editor.step()
        seen = await apply(state, layer, site, seen)
        fresh = {row["id"]: row for row in await walk(manager, f"{layer.key}/items", limit=50)}
        assert state == fresh, f"after round {round_}"
        assert {i: r["properties"]["version"] for i, r in editor.rows.items()} == {
            i: r["properties"]["version"] for i, r in fresh.items()
        }
