"""Dispatching tasks, expiring and reminding: what the jobs do. All of it may run again at any time without doubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from domain.inspections import repository
from domain.inspections import repository_dispatch as rows
from domain.inspections.models import InspectionPlan, InspectionStop
from domain.inspections.periods import Days, occurrences
from domain.inspections.repository_dispatch import DuePlan
from domain.inspections.workflow import TASK
from twin import clock
from twin.auth.repository import accounts_with_role
from twin.db import register
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import Conflict, NotFound
from twin.ids import uuid7
from twin.notify.service import notify, notify_role
from twin.spatial import repository as spatial
from twin.workflow.machine import fire

#: How far ahead tasks are made.
AHEAD = timedelta(hours=24)
#: What a plan that was never dispatched, or not for long, makes up for at most.
BACK = timedelta(days=1)
_EXPIRED_AT_ONCE = 2000

log = structlog.get_logger("inspections")


def covers(stop: InspectionStop, plan: InspectionPlan | DuePlan, unit_zones: dict[str, list[str]]) -> bool:
    """Whether a stop concerns a plan: the whole plant, or all zones of the plan."""
    if stop.scope == "plant":
        return True
    stopped = {stop.scope_key} if stop.scope == "zone" else set(unit_zones.get(stop.scope_key, ()))
    return bool(plan.zone_codes) and set(plan.zone_codes) <= stopped


async def dispatch(uow: UnitOfWork, now: datetime | None = None) -> int:
    """Make the enterprise's tasks up to ``AHEAD``; how many. What a stop covers is noted with its reason instead."""
    now = now or clock.now()
    site = await spatial.site(uow.session, None)
    zone = ZoneInfo(site.timezone if site else "Asia/Shanghai")
    until = now + AHEAD
    plans = await rows.due_plans(uow.session, until)
    stops = await repository.stops(uow.session, now - BACK)
    days, zones = await _days(uow), await _unit_zones(uow, stops)
    dues, skips = list[tuple[UUID, UUID, datetime, datetime]](), list[dict[str, Any]]()
    for plan in plans:
        mine = [s for s in stops if covers(s, plan, zones)]
        begin = max(plan.dispatched_to or now - BACK, now - BACK)
        for due in occurrences(plan.rule, plan.work_day, plan.starts_on, plan.ends_on, begin, until, zone, days):
            stop = next(
                (s for s in mine if s.starts_at <= due.start and (s.ends_at is None or due.start < s.ends_at)), None
            )
            if plan.dispatched_to is None and due.end <= now:
                continue  # a new plan begins with what can still be done
            if stop is not None:
                skips.append(
                    {"enterprise_id": uow.enterprise_id, "plan_id": plan.id, "starts_at": due.start, "stop_id": stop.id}
                )
                continue
            dues.append((uuid7(), plan.id, due.start, due.end))
    made = await rows.make_tasks(uow.session, dues, TASK.initial, now)
    await repository.add_skips(uow.session, skips)
    await rows.set_dispatched(uow.session, [p.id for p in plans], until)
    count = sum(made.values())
    if count or skips:
        await uow.audit("dispatch", "inspection_task", "dispatch", after={"tasks": count, "skipped": len(skips)})
        await uow.emit("inspections", "dispatch", "dispatch", {"tasks": count, "skipped": len(skips)})
        await _tell_new(uow, made)
    return count


async def _days(uow: UnitOfWork) -> Days:
    found = await repository.days(uow.session)
    return Days({d.day for d in found if d.kind == "holiday"}, {d.day for d in found if d.kind == "workday"})


async def _unit_zones(uow: UnitOfWork, stops: Sequence[InspectionStop]) -> dict[str, list[str]]:
    made = {}
    for code in {s.scope_key for s in stops if s.scope == "unit"}:
        found = await repository.unit_zones(uow.session, code)
        made[code] = found[1] if found else []
    return made


async def _tell_new(uow: UnitOfWork, made: Mapping[UUID | None, int]) -> None:
    """One notification a person, however many tasks."""
    for account_id, count in made.items():
        if account_id is not None:
            await notify(uow, [account_id], "inspection_new", {"count": count}, link="/m/tasks")


async def suspend(uow: UnitOfWork, stop: InspectionStop) -> int:
    """Take open tasks inside a stop out of the count, with the stop as the reason; how many."""
    zones = await _unit_zones(uow, [stop])
    ids = [p.id for p in await repository.plans(uow.session) if covers(stop, p, zones)]
    stop_id, start, end = stop.id, stop.starts_at, stop.ends_at
    found = await repository.covered(uow.session, start, end, ids)
    for task_id in found:
        await fire(uow, TASK, task_id, "suspend", None, {"stop_id": stop_id})
    return len(found)


async def dispatch_all() -> int:
    """Every enterprise's tasks; how many."""
    return sum([await _in_own(enterprise_id) for enterprise_id in await _enterprises()])


async def _enterprises() -> list[UUID]:
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        return sorted({plan.enterprise_id for plan in await repository.plans(uow.session, active=True)})


async def _in_own(enterprise_id: UUID) -> int:
    async with unit_of_work(enterprise_id, origin="dispatch") as uow:
        return await dispatch(uow)


async def watch() -> int:
    """Expire tasks past their end and remind of those that end soon; how many expired."""
    now = clock.now()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        late, soon = await repository.late(uow.session, now, _EXPIRED_AT_ONCE), await repository.soon(uow.session, now)
    expired = 0
    for enterprise_id, task_id in late:
        try:
            async with unit_of_work(enterprise_id, origin="deadline") as uow:
                row = await fire(uow, TASK, task_id, "expire", None)
                plan = await register.get(uow.session, InspectionPlan, row["plan_id"])
                await _tell(uow, {**row, "plan_name": plan.name if plan else ""}, "inspection_overdue")
                expired += 1
        except (Conflict, NotFound) as error:
            log.info("not expired", task=str(task_id), error=str(error))
    for enterprise_id in sorted({task["enterprise_id"] for task in soon}):
        async with unit_of_work(enterprise_id, origin="deadline") as uow:
            for task in soon:
                if task["enterprise_id"] == enterprise_id:
                    await _tell(uow, task, "inspection_due")
    return expired


async def _tell(uow: UnitOfWork, task: dict[str, Any], kind: str) -> None:
    params = {"name": task["plan_name"], "due": task["due_at"].isoformat()}
    options: dict[str, Any] = {"link": f"/m/tasks/{task['id']}", "dedupe": f"{kind}-{task['id']}"}
    if task["assignee_id"] is not None:
        await notify(uow, [task["assignee_id"]], kind, params, level="warning", **options)
    else:
        await notify(uow, await accounts_with_role(uow.session, task["post"]), kind, params, level="warning", **options)
    if kind == "inspection_overdue":
        options["dedupe"] += "-m"
        await notify_role(uow, "manager", kind, params, level="alarm", **options)
