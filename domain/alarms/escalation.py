"""Escalation by rule: whom an alarm is pushed to, after how long, and by which channel.

After return to normal nothing more is pushed (clause M9.2). In a flood the alarms of one rule become one notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from domain.alarms import repository
from realtime.alarms import repository as alarms
from realtime.alarms.raising import view
from twin import clock
from twin.auth.repository import accounts_with_role
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.ids import uuid7
from twin.notify.service import notify

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger("domain.alarms")

#: More alarms than this of one rule at once are one notice.
FLOOD = 5
_BATCH = 5000
_TRIES = 6


def _default(n: int, condition: str, grade: int, after: int, *roles: str, channel: str = "handheld") -> dict[str, Any]:
    return {
        "id": UUID(int=n), "name": f"default {n}", "condition": condition, "max_grade": grade, "types": [], "zones": [],
        "after_s": after, "channel": channel, "roles": list(roles), "accounts": [], "url": "", "enabled": True,
        "version": 0,
    }  # fmt: skip


#: What holds while an enterprise has no rule of its own.
DEFAULTS = (
    _default(1, "raised", 2, 0, "control", "manager"),
    _default(2, "unacknowledged", 3, 300, "manager", "leader"),
    _default(3, "unhandled", 2, 1800, "leader"),
    _default(4, "unacknowledged", 2, 120, channel="screen"),
)


async def pass_once() -> int:
    """Apply every rule of every enterprise once; how many alarms were escalated."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        enterprises = await repository.enterprises(uow.session)
    done = 0
    for enterprise in enterprises:
        async with unit_of_work(enterprise, origin="escalation") as uow:
            done += await escalate(uow)
    return done


async def escalate(uow: UnitOfWork) -> int:
    """Apply the rules of the unit's enterprise; how many alarms were escalated."""
    rules = await repository.rules(uow.session) or DEFAULTS
    now, done = clock.now(), 0
    for rule in rules:
        if not rule["enabled"]:
            continue
        rows = await repository.due(uow.session, rule, now, _BATCH)
        if not rows:
            continue
        groups = [rows] if len(rows) > FLOOD else [[row] for row in rows]
        for group in groups:
            told = await _push(uow, rule, group)
            ids = [row["id"] for row in group]
            await repository.note_escalations(uow.session, uow.enterprise_id, rule, ids, told, now)
            if rule["channel"] == "screen":
                group = await alarms.escalate(uow.session, ids, now)
            await alarms.emit(uow.session, uow.enterprise_id, "escalated", [view(row) for row in group], now)
        done += len(rows)
    return done


async def _push(uow: UnitOfWork, rule: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Tell people in this transaction, or queue the message of an HTTP gateway; what was done."""
    worst = min(rows, key=lambda row: (row["grade"], row["id"]))
    shown = view(worst)
    if rule["channel"] in ("sms", "webhook"):
        body = {"rule": rule["name"], "count": len(rows), "text": shown["title"], "alarm": shown}
        ids = [row["id"] for row in rows]
        await repository.queue_message(uow.session, uow.enterprise_id, rule, body, ids, uuid7(), clock.now())
        return {"url": rule["url"], "count": len(rows)}
    accounts = set(rule["accounts"])
    for role in rule["roles"]:
        accounts |= set(await accounts_with_role(uow.session, role))
    params = {"title": shown["title"], "title_en": shown["title_en"], "count": len(rows), "alarm": shown["id"],
              "grade": shown["grade"], "rule": rule["name"]}  # fmt: skip
    kind = "alarm" if len(rows) == 1 else "alarm_flood"
    link = f"/console/alarms?id={shown['id']}"
    dedupe = f"alarm:{shown['id']}:{rule['id']}"
    made = await notify(uow, accounts, kind, params, level="alarm", link=link, dedupe=dedupe)
    return {"accounts": len(made), "count": len(rows)}


async def send_due(client: httpx.AsyncClient) -> int:
    """Send messages to their gateways, again with growing pauses when they fail; how many went out."""
    from httpx import HTTPError  # only the process that sends loads it

    sent = 0
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        now = clock.now()
        for row in await repository.messages(uow.session, now, 20):
            if not row["wanted"]:  # it has returned to normal meanwhile
                await repository.message_sent(uow.session, row["id"], "returned", now, now)
                continue
            try:
                answer = await client.post(row["url"], json=row["body"], timeout=5.0)
                answer.raise_for_status()
            except HTTPError as error:
                over = row["tries"] + 1 >= _TRIES
                later = now + timedelta(seconds=2 ** row["tries"] * 2)
                await repository.message_sent(uow.session, row["id"], str(error), now if over else None, later)
                log.warning("a message did not go out", channel=row["channel"], error=str(error))
            else:
                await repository.message_sent(uow.session, row["id"], f"HTTP {answer.status_code}", now, now)
                sent += 1
    return sent
