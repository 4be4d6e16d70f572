"""Plans and their checklists, doing tasks (also offline), hand-over, stops."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any
from uuid import UUID

from domain.inspections import dispatch, repository
from domain.inspections.models import InspectionItem, InspectionPlan, InspectionStop
from domain.inspections.repository import R
from domain.inspections.schemas import CheckIn, Fill, ItemIn, PlanIn, Resume, StopIn, Synced, Work
from domain.inspections.signed import content
from domain.inspections.workflow import TASK
from twin import clock
from twin.auth.principal import Principal
from twin.db import register
from twin.db.uow import UnitOfWork, unit_of_work
from twin.errors import Conflict, Invalid, NotFound, TwinError
from twin.i18n import t
from twin.ids import uuid7
from twin.notify.service import notify
from twin.photos import service as photos
from twin.signature import service as signatures
from twin.signature.schemas import Confirmation
from twin.workflow.machine import Context, fire


@cache
def _earth() -> Any:
    from pyproj import Geod  # loaded with the first check-in

    return Geod(ellps="WGS84")


class InspectionNotFound(NotFound):
    """No such plan, item, task or stop."""

    code = "inspection_not_found"


class InspectionChanged(Conflict):
    """Somebody else changed it first."""

    code = "conflict"


class PlanCodeTaken(Conflict):
    """Another plan has this code."""

    code = "code_taken"


class WorkRefused(Invalid):
    """The results do not hold; ``errors`` name the lines and points."""

    code = "work_refused"


def number_of(task_id: UUID) -> str:
    """What stands on a task's photos."""
    return f"XJ-{task_id.hex[-10:].upper()}"


@cache
def libraries() -> dict[str, Any]:
    """Ready-made checklists that ship."""
    found: dict[str, Any] = json.loads((files("domain.inspections") / "data" / "libraries.json").read_text("utf-8"))
    return found


async def get(uow: UnitOfWork, model: type[R], row_id: UUID) -> R:
    """A plan, item or stop.

    Raises:
        InspectionNotFound.
    """
    row = await register.get(uow.session, model, row_id)
    if row is None:
        raise InspectionNotFound(id=str(row_id))
    return row


async def _add(uow: UnitOfWork, principal: Principal, model: type[R], values: Mapping[str, Any]) -> R:
    row = await register.add(
        uow.session, model, uow.enterprise_id, principal.name, values,
        partial(PlanCodeTaken, where=str(values.get("code", ""))),
    )  # fmt: skip
    await uow.audit("create", model.__tablename__, str(row.id), after={"id": str(row.id)})
    return row


async def change(
    uow: UnitOfWork, principal: Principal, row: R, version: int, values: dict[str, Any], action: str = "update"
) -> R:
    """Change a row of the plans; it must still have ``version``.

    Raises:
        InspectionChanged, PlanCodeTaken.
    """
    model = type(row)
    taken = partial(PlanCodeTaken, where=str(values.get("code", "")))
    if not await register.change(uow.session, row, version, principal.name, values, taken):
        raise InspectionChanged(current=row.version, given=version)
    await uow.audit(action, model.__tablename__, str(row.id), after={"version": row.version})
    return row


async def _plan_values(uow: UnitOfWork, body: PlanIn) -> dict[str, Any]:
    faults = []
    if (body.owner_id is None) == (not body.post):
        faults.append({"where": "owner_id", "code": "inspection_who"})
    if body.owner_id is not None and await repository.account_name(uow.session, body.owner_id) is None:
        faults.append({"where": "owner_id", "code": "account_not_found"})
    needs = {"shift": body.rule.shifts, "calendar": body.rule.dates}
    if body.rule.unit in needs and not needs[body.rule.unit]:
        faults.append({"where": "rule", "code": "inspection_rule"})
    if faults:
        raise Invalid(errors=faults)
    values = body.model_dump()
    return {**values, "rule": body.rule.model_dump(mode="json"), "route": [p.model_dump() for p in body.route]}


async def add_plan(uow: UnitOfWork, principal: Principal, body: PlanIn) -> InspectionPlan:
    """A new plan; its tasks come with the next dispatch."""
    principal.require("inspection:plan")
    return await _add(uow, principal, InspectionPlan, {**await _plan_values(uow, body), "dispatched_to": None})


async def change_plan(
    uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: PlanIn
) -> InspectionPlan:
    """Change a plan; tasks that are dispatched stay."""
    principal.require("inspection:plan")
    row = await get(uow, InspectionPlan, row_id)
    return await change(uow, principal, row, version, await _plan_values(uow, body))


async def remove(uow: UnitOfWork, principal: Principal, model: type[R], row_id: UUID, version: int) -> None:
    """Mark as deleted."""
    principal.require("inspection:plan")
    await change(uow, principal, await get(uow, model, row_id), version, {"deleted": True}, "delete")


async def add_item(uow: UnitOfWork, principal: Principal, plan_id: UUID, body: ItemIn) -> None:
    """A further line of a plan's checklist."""
    principal.require("inspection:plan")
    await get(uow, InspectionPlan, plan_id)
    if body.low is not None and body.high is not None and body.low > body.high:
        raise Invalid(errors=[{"where": "low", "code": "inspection_limits"}])
    last = await repository.items(uow.session, plan_id)
    values = {**body.model_dump(), "plan_id": plan_id, "position": last[-1].position + 1 if last else 1}
    await _add(uow, principal, InspectionItem, values)


async def fill(uow: UnitOfWork, principal: Principal, plan_id: UUID, body: Fill) -> None:
    """Lines from a library, or from measures of the risk register."""
    if body.library is not None:
        for text in libraries()[body.library]["items"]:
            await add_item(uow, principal, plan_id, ItemIn(content=text))
    for id_, text in await repository.measures(uow.session, body.measure_ids):
        await add_item(uow, principal, plan_id, ItemIn(content=text[:1000], risk_measure_id=id_))


async def hand_over(uow: UnitOfWork, principal: Principal, task_id: UUID, account_id: UUID) -> None:
    """Give a task to somebody else."""
    name = await repository.account_name(uow.session, account_id)
    if name is None:
        raise Invalid(errors=[{"where": "account_id", "code": "account_not_found"}])
    row = await fire(uow, TASK, task_id, "hand_over", principal, {"assignee_id": account_id, "assignee_name": name})
    await notify(uow, [account_id], "inspection_new", {"count": 1}, level="warning", link=f"/m/tasks/{row['id']}")


async def task(uow: UnitOfWork, task_id: UUID, *, hold: bool = False) -> dict[str, Any]:
    """A task.

    Raises:
        InspectionNotFound.
    """
    row = await repository.task(uow.session, task_id, hold=hold)
    if row is None:
        raise InspectionNotFound(id=str(task_id))
    return row


async def submit(uow: UnitOfWork, principal: Principal, task_id: UUID, work: Work, confirmation: Confirmation) -> bool:
    """Take the work on a task, signed. False: this very work was taken before.

    Raises:
        NotAllowed: somebody else's task. NotPossibleNow: done already (by other work), or not begun.
        WorkRefused: lines missing, readings or check-ins that do not hold.
    """
    principal.require("inspection:do")
    row = await task(uow, task_id, hold=True)
    if row["client_id"] == work.client_id:
        return False
    now = clock.now()
    at = min(work.at, now) if work.at is not None else now
    data = {"at": at, "client_id": work.client_id, "name": principal.name}
    TASK.check(row, "submit", Context(now, principal, data))
    plan = await uow.session.get_one(InspectionPlan, row["plan_id"])
    items = await repository.items(uow.session, plan.id)
    checkins = _checkins(plan.route, work.checkins)
    faults = [*_line_faults(items, work), *checkins[1]]
    if faults:
        raise WorkRefused(errors=faults)
    by_id = {item.id: item for item in items}
    pictures = [i for r in work.results for i in r.photos]
    await photos.attach(uow, principal, pictures, "inspection", str(task_id), number_of(task_id))
    base = {
        "enterprise_id": uow.enterprise_id,
        "task_id": task_id,
        "plan_id": plan.id,
        "by_name": principal.name,
        "at": at,
    }
    rows = [{**base, "id": uuid7(), **r.model_dump()} for r in work.results]
    await repository.add_records(uow.session, rows)
    plan_facts = {"kind": plan.kind, "department": plan.department, "zones": list(plan.zone_codes), "route": plan.route}
    found = [(r, by_id[r["item_id"]].content, by_id[r["item_id"]].risk_measure_id) for r in rows if r["result"] == 1]
    await fire(uow, TASK, task_id, "submit", principal, data)
    await repository.finish(uow.session, task_id, checkins[0], None)
    facts = await content(uow.session, str(task_id), "inspect")
    assert facts is not None
    anew = ("task.done_at", "records.id", "records.at")
    signature = await signatures.sign(
        uow, principal, confirmation, "inspection_task", str(task_id), "inspect", facts, anew
    )
    await repository.finish(uow.session, task_id, checkins[0], signature.id)
    for record, text, measure_id in found:
        await uow.emit(
            "inspections",
            "hazard_found",
            str(record["id"]),
            _found(record, text, measure_id, principal, plan_facts, work),
        )
    return True


def _found(
    record: Mapping[str, Any],
    text: str,
    measure_id: UUID | None,
    principal: Principal,
    plan: Mapping[str, Any],
    work: Work,
) -> dict[str, Any]:
    """What the hazard loop needs to know of a hazard that an inspection found."""
    place = work.checkins[-1] if work.checkins else None
    return {
        "title": text[:200], "description": record["note"], "photos": [str(i) for i in record["photos"]],
        "reporter_id": str(principal.account_id), "reporter_name": principal.name, "at": record["at"].isoformat(),
        "source": plan["kind"], "department": plan["department"], "zones": plan["zones"],
        "lon": place.lon if place else None, "lat": place.lat if place else None,
        "risk_measure_id": str(measure_id) if measure_id else None,
    }  # fmt: skip


def _line_faults(items: Sequence[InspectionItem], work: Work) -> list[dict[str, Any]]:
    known = {item.id: item for item in items}
    given = [r.item_id for r in work.results]
    faults: list[dict[str, Any]] = [{"where": str(i), "code": "line_unknown"} for i in set(given) - known.keys()] + [
        {"where": str(i), "code": "line_missing", "content": known[i].content} for i in known.keys() - set(given)
    ]
    if len(given) != len(set(given)):
        faults.append({"where": "results", "code": "line_twice"})
    for result in work.results:
        item = known.get(result.item_id)
        where = str(result.item_id)
        if item is None:
            continue
        if result.result in (2, 3) and not result.note.strip():
            faults.append({"where": where, "code": "line_needs_note"})
        if result.result == 1 and not result.note.strip():
            faults.append({"where": where, "code": "line_needs_note"})
        limits = item.low is not None or item.high is not None
        if limits and result.result != 2 and result.reading is None:
            faults.append({"where": where, "code": "line_needs_reading"})
        elif result.result == 0 and result.reading is not None and not _inside(item, result.reading):
            faults.append({"where": where, "code": "reading_outside", "value": result.reading})
    return faults


def _inside(item: InspectionItem, reading: float) -> bool:
    return (item.low is None or reading >= item.low) and (item.high is None or reading <= item.high)


def _checkins(route: Sequence[Mapping[str, Any]], given: Sequence[CheckIn]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Check-ins with their distances, and faults: a point that nobody was at, or too far from it."""
    made, faults = [], []
    for point in route:
        best = None
        for checkin in given:
            if checkin.tag == point["tag"]:
                distance = _earth().inv(point["lon"], point["lat"], checkin.lon, checkin.lat)[2]
                if best is None or distance < best[1]:
                    best = (checkin, distance)
        if best is None:
            faults.append({"where": point["code"], "code": "checkin_missing", "name": point["name"]})
        elif best[1] > point["radius_m"]:
            faults.append(
                {"where": point["code"], "code": "checkin_far", "name": point["name"], "metres": round(best[1])}
            )
        else:
            made.append({"point": point["code"], "distance_m": round(best[1], 1), **best[0].model_dump(mode="json")})
    return made, faults


async def sync(principal: Principal, work: Sequence[Any], confirmation: Confirmation, language: str) -> list[Synced]:
    """Take what was done offline, each piece in a transaction of its own: one that is refused holds up no other.

    Raises:
        Invalid: no password. An authenticator confirms one record; here is one confirmation for many.
    """
    if confirmation.password is None:
        raise Invalid(errors=[{"where": "confirmation.password", "code": "password_missing"}])
    made = []
    for piece in work:
        facts = {"client_id": piece.client_id, "task_id": piece.task_id}
        try:
            async with unit_of_work(principal.enterprise_id, principal.account_id, origin="sync") as uow:
                new = await submit(uow, principal, piece.task_id, piece, confirmation)
            made.append(Synced(**facts, outcome="accepted" if new else "duplicate"))
        except TwinError as error:
            outcome = "conflict" if isinstance(error, Conflict) else "refused"
            text = t(f"error.{error.code}", language, **error.params)
            made.append(Synced.model_validate({**facts, "outcome": outcome, "code": error.code, "error": text}))
    return made


async def add_stop(uow: UnitOfWork, principal: Principal, body: StopIn) -> InspectionStop:
    """Stop dispatch for a time; open tasks inside it no longer count."""
    principal.require("inspection:plan")
    unit_id = None
    if body.ends_at is not None and body.ends_at <= body.starts_at:
        raise Invalid(errors=[{"where": "ends_at", "code": "inspection_limits"}])
    if body.scope == "unit":
        found = await repository.unit_zones(uow.session, body.scope_key)
        if found is None:
            raise Invalid(errors=[{"where": "scope_key", "code": "inspection_not_found"}])
        unit_id = found[0]
    row = await _add(uow, principal, InspectionStop, {**body.model_dump(), "risk_unit_id": unit_id})
    stop_id = row.id
    await dispatch.suspend(uow, row)
    return await get(uow, InspectionStop, stop_id)


async def resume(uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: Resume) -> InspectionStop:
    """End a stop: dispatch goes on from then."""
    principal.require("inspection:plan")
    row = await get(uow, InspectionStop, row_id)
    if body.at <= row.starts_at:
        raise Invalid(errors=[{"where": "at", "code": "inspection_limits"}])
    return await change(uow, principal, row, version, {"ends_at": body.at}, "resume")
