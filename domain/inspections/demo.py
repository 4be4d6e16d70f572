"""The demo plant's inspections: plans for the hazardous zones and thirty days of history, the same on every machine."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.inspections import dispatch, repository, service
from domain.inspections.models import InspectionPlan
from domain.inspections.periods import Days, occurrences
from domain.inspections.schemas import Fill, ItemIn, PlanIn, Rule, Work
from domain.inspections.workflow import TASK
from twin import clock
from twin.auth.demo import principal
from twin.auth.principal import Principal
from twin.db import uow as db
from twin.db.features import features
from twin.db.uow import UnitOfWork, unit_of_work
from twin.ids import uuid7
from twin.registry.layer import layers
from twin.signature.schemas import Confirmation

_DAYS = 30
#: Zone, library, kind, every hours.
_PLANS = (
    ("Z-11", "storage", 1, 8), ("Z-12", "storage", 1, 8), ("Z-13", "storage", 1, 12), ("Z-21", "chemical_plant", 1, 8),
    ("Z-22", "chemical_plant", 1, 8), ("Z-23", "chemical_plant", 3, 24), ("Z-51", "storage", 1, 12),
    ("Z-52", "storage", 2, 24),
)  # fmt: skip
CODE = "D-XJ-{}"


async def load() -> None:
    """Plans as a manager makes them, history as it would have come in, and the coming tasks by dispatch."""
    try:
        manager, employee = await principal("manager"), await principal("employee")
        async with unit_of_work(manager.enterprise_id, manager.account_id, origin="demo") as uow:
            zones = {f["properties"]["code"]: f["properties"] for f in await features(uow.session, layers()["zone"])}
            for zone, library, kind, every in _PLANS:
                plan = await _plan(uow, manager, employee, zones[zone], library, kind, every)
                await _history(uow, employee, plan)
            await dispatch.dispatch(uow)
        async with unit_of_work(employee.enterprise_id, employee.account_id, origin="demo") as uow:
            await _today(uow, employee)
    finally:
        await db.dispose()


async def _plan(
    uow: UnitOfWork, manager: Principal, employee: Principal, zone: dict[str, Any], library: str, kind: int, every: int
) -> InspectionPlan:
    body = PlanIn.model_validate(
        {
            "code": CODE.format(zone["code"]), "name": f"{zone['name']}排查", "kind": kind, "form": "现场排查",
            "rule": Rule(unit="hour", every=every, at="08:00", window_minutes=every * 60), "owner_id": employee.account_id,
            "starts_on": (clock.now() - timedelta(days=_DAYS)).date(), "department": zone["department"] or "",
            "zone_codes": [zone["code"]], "remind_minutes": 60,
        }
    )  # fmt: skip
    plan = await service.add_plan(uow, manager, body)
    await service.fill(uow, manager, plan.id, Fill.model_validate({"library": library}))
    await service.add_item(uow, manager, plan.id, ItemIn(content="现场压力表读数", unit="MPa", low=0.2, high=1.6))
    return plan


async def _history(uow: UnitOfWork, employee: Principal, plan: InspectionPlan) -> None:
    """Nearly all done in time, a few late or missed; not signed, since nobody stood there (today's are)."""
    chance, zone, now = random.Random(plan.code), ZoneInfo("Asia/Shanghai"), clock.now()
    items = await repository.items(uow.session, plan.id)
    since = now - timedelta(days=_DAYS)
    tasks, records = [], list[dict[str, Any]]()
    for due in occurrences(plan.rule, 0, plan.starts_on, None, since, now - timedelta(hours=24), zone, Days()):
        fate = chance.random()
        done: datetime | None = None
        if fate < 0.96:
            done = (
                due.start + (due.end - due.start) * chance.uniform(0.05, 0.9)
                if fate < 0.92
                else due.end + timedelta(minutes=40)
            )
        task = {
            "id": uuid7(), "enterprise_id": uow.enterprise_id, "plan_id": plan.id, "version": 2,
            "status": "done" if done else "overdue", "starts_at": due.start, "due_at": due.end,
            "assignee_id": employee.account_id, "assignee_name": employee.name, "post": "", "late": bool(done and done > due.end),
            "checkins": [], "updated_at": done or due.end, "done_at": done, "done_by": employee.account_id if done else None,
            "done_name": employee.name if done else None,
        }  # fmt: skip
        assert task["status"] in TASK.statuses
        tasks.append(task)
        if done is not None:
            records += [_record(uow, task, item, employee, chance) for item in items]
    await repository.add_tasks(uow.session, tasks)
    if records:
        await repository.add_records(uow.session, records)


async def _today(uow: UnitOfWork, employee: Principal) -> None:
    """What has begun in some of the zones is done now and signed, as the handheld hands it in; the rest waits for whoever looks."""
    chance, now = random.Random(_DAYS), clock.now()
    for plan_id in [plan.id for plan in await repository.plans(uow.session)][::2]:
        waiting = await repository.tasks(uow.session, plan_id=plan_id, status="waiting", limit=500)
        begun = [task for task in waiting if task["starts_at"] <= now]
        if not begun:
            continue
        results = [
            {"item_id": item.id, "result": 0, "reading": round(chance.uniform(0.4, 1.4), 2) if item.high else None}
            for item in await repository.items(uow.session, plan_id)
        ]
        task = max(begun, key=lambda task: task["starts_at"])
        work = Work.model_validate({"client_id": uuid7(), "results": results})
        await service.submit(uow, employee, task["id"], work, _confirmation(chance))


def _confirmation(chance: random.Random) -> Confirmation:
    from gis_assets.sites.demo.accounts import accounts

    password = next(a["password"] for a in accounts() if a["username"] == "employee")
    strokes = [[[0.1 + i * 0.08, 0.3 + chance.random() * 0.4] for i in range(10)] for _ in range(2)]
    return Confirmation(password=password, strokes=strokes)


def _record(
    uow: UnitOfWork, task: dict[str, Any], item: Any, employee: Principal, chance: random.Random
) -> dict[str, Any]:
    reading = round(chance.uniform(0.4, 1.4), 2) if item.high is not None else None
    skipped = reading is None and chance.random() < 0.01
    return {
        "id": uuid7(), "enterprise_id": uow.enterprise_id, "task_id": task["id"], "plan_id": task["plan_id"],
        "item_id": item.id, "result": 2 if skipped else 0, "reading": reading, "note": "设备检修，未排查" if skipped else "",
        "photos": [], "by_name": employee.name, "at": task["done_at"],
    }  # fmt: skip


def main() -> None:
    """Run it outside of any event loop."""
    asyncio.run(load())
