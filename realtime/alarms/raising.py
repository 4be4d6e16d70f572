"""Raising and clearing alarms: the one way by which every engine comes to the desk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from realtime.alarms import models, repository  # noqa: F401 the machine finds its table by the model
from realtime.alarms.workflow import ALARM
from twin import clock
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.ids import uuid7
from twin.workflow.machine import Actor, fire

TOPIC = "alarm"
#: Kind of event that follows from a step of the machine.
KINDS = {
    "acknowledge": "acknowledged", "return": "returned", "handle": "handled", "shelve": "shelved",
    "suppress": "suppressed", "take_out": "taken_out", "unshelve": "unshelved", "unsuppress": "unsuppressed",
    "put_back": "put_back",
}  # fmt: skip
_TIMES = ("at", "raised_at", "returned_at", "acknowledged_at", "handled_at", "escalated_at", "hold_until",
          "updated_at")  # fmt: skip
_CHUNK = 500


@dataclass(frozen=True)
class AlarmFact:
    """A condition that became true. At most one active alarm per (enterprise, key).

    Attributes:
        key: e.g. ``point:<device uuid>:hh``, ``fence:<uuid>:over_count``, ``comm:<source id>``.
        source: point, comm, fence, person, vehicle, system, ai.
        type: ll l h hh rate switch bad comm, over_count trespass sos and so on; its text is ``alarm.<type>.title``.
        grade: 1 red .. 4 blue. at: event time at the source. title: values for the text.
        lon, lat, h: degrees (EPSG:4326), m above the ellipsoid. persons: who is concerned.
        stage: 1 alarm value, 2 interlock value, 0 neither.
    """

    key: str
    source: str
    type: str
    grade: int
    at: datetime
    title: dict[str, Any]
    value: float | None = None
    limit: float | None = None
    subject_layer: str | None = None
    subject_id: UUID | None = None
    subject_name: str = ""
    zone_code: str | None = None
    lon: float | None = None
    lat: float | None = None
    h: float | None = None
    floor_code: str | None = None
    persons: tuple[UUID, ...] = ()
    stage: int = 0


async def raise_alarm(uow: UnitOfWork, fact: AlarmFact) -> UUID:
    """Raise an alarm; the id of the new or still active one. Its audit row and event are in the same transaction."""
    return (await raise_alarms(uow, [fact]))[fact.key]


async def raise_alarms(uow: UnitOfWork, facts: Sequence[AlarmFact]) -> dict[str, UUID]:
    """Raise many at once; the id of the new or still active alarm of each key."""
    ids: dict[str, UUID] = {}
    first = {fact.key: fact for fact in reversed(facts)}
    wanted = list(first.values())
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        now = clock.now()
        made = await repository.add(uow.session, [_row(uow, fact, now) for fact in part])
        await _tell(uow, "raised", [(row, None) for row in made], now)
        ids |= {row["key"]: row["id"] for row in made}
        if old := [fact.key for fact in part if fact.key not in ids]:
            ids |= await repository.active_ids(uow.session, old)
        held = await repository.holds(uow.session, [row["key"] for row in made], now)
        for key, hold in held.items():
            data = {"reason": hold["reason"], "until": hold["until"], "name": hold["held_by"]}
            await step(uow, ids[key], hold["event"], None, data)
    return ids


async def clear_alarm(uow: UnitOfWork, key: str, at: datetime) -> UUID | None:
    """The condition is gone (ISA-18.2 "return to normal"); its alarm, None when none was active."""
    return (await clear_alarms(uow, [(key, at)])).get(key)


async def clear_alarms(uow: UnitOfWork, ended: Sequence[tuple[str, datetime]]) -> dict[str, UUID]:
    """Many conditions are gone; the alarm of each key that had an active one."""
    now = clock.now()
    rows = await repository.give_back(uow.session, list(dict(ended).items()), now)
    await _tell(uow, "returned", rows, now)
    return {row["key"]: row["id"] for row, _ in rows}


async def step(
    uow: UnitOfWork, alarm_id: UUID, event: str, actor: Actor | None, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take a step of the machine and tell the screens; the row after it.

    Raises:
        NotFound, NotAllowed, NotPossibleNow: as :func:`twin.workflow.machine.fire`.
    """
    row = await fire(uow, ALARM, alarm_id, event, actor, data)
    await repository.emit(uow.session, uow.enterprise_id, KINDS[event], [view(row)], clock.now())
    if event == "shelve" and row["hold_until"] is not None:
        await repository.put_deadline(uow.session, uow.enterprise_id, alarm_id, "unshelve", row["hold_until"])
    return row


def view(row: dict[str, Any]) -> dict[str, Any]:
    """An alarm as the API and the hub give it; times in ISO 8601."""
    made = {name: value for name, value in row.items() if name != "enterprise_id"}
    for name in _TIMES:
        made[name] = None if row[name] is None else row[name].isoformat()
    made["id"] = str(row["id"])
    made["limit"] = made.pop("limit_value")
    made["subject_id"] = None if row["subject_id"] is None else str(row["subject_id"])
    made["persons"] = [str(person) for person in row["persons"]]
    made["title"] = t(f"alarm.{row['type']}.title", "zh-CN", **row["params"])
    made["title_en"] = t(f"alarm.{row['type']}.title", "en", **row["params"])
    return made


def _row(uow: UnitOfWork, fact: AlarmFact, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(), "enterprise_id": uow.enterprise_id, "key": fact.key, "source": fact.source, "type": fact.type,
        "grade": fact.grade, "stage": fact.stage, "status": ALARM.initial, "at": fact.at, "raised_at": now,
        "params": fact.title, "value": _finite(fact.value), "limit_value": _finite(fact.limit),
        "subject_layer": fact.subject_layer, "subject_id": fact.subject_id, "subject_name": fact.subject_name,
        "zone_code": fact.zone_code, "lon": fact.lon, "lat": fact.lat, "h": fact.h, "floor_code": fact.floor_code,
        "persons": [str(person) for person in fact.persons], "updated_at": now,
    }  # fmt: skip


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


async def _tell(uow: UnitOfWork, kind: str, rows: Sequence[tuple[dict[str, Any], str | None]], now: datetime) -> None:
    await repository.emit(uow.session, uow.enterprise_id, kind, [view(row) for row, _ in rows], now)
    head = {"enterprise_id": uow.enterprise_id, "at": now, "actor_id": uow.actor_id, "origin": uow.origin, "actor": ""}
    trail = []
    for row, before in rows:
        said = {"key": row["key"], "status": row["status"], "type": row["type"], "grade": row["grade"],
                "value": row["value"], "limit": row["limit_value"]}  # fmt: skip
        entry = {**head, "action": kind, "kind": "alarm", "key": str(row["id"]), "after": said}
        trail.append(entry if before is None else {**entry, "before": {"status": before}})
    await repository.audit(uow.session, trail)
