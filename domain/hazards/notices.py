"""Who is told what: new hazards by class and grade, then always the one whose turn it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.hazards import repository
from domain.hazards.models import Hazard
from twin.db.uow import UnitOfWork
from twin.notify.service import Level, notify, notify_role

#: Without rules of the enterprise's own: (grade, role).
DEFAULTS = ((0, "manager"), (1, "manager"), (1, "leader"))


async def roles_for(uow: UnitOfWork, hazard_type: int, level: int) -> list[str]:
    """Roles that are told of a hazard of this class and grade."""
    rules = await repository.notices(uow.session)
    if not rules:
        return sorted({role for grade, role in DEFAULTS if grade == level})
    fits = [r for r in rules if r.hazard_type in (None, hazard_type) and r.level in (None, level)]
    return sorted({r.role for r in fits})


def _link(row: Mapping[str, Any]) -> str:
    return f"/console/hazards/{row['id']}"


def _params(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"number": row["code"], "name": row["name"]}


async def reported(uow: UnitOfWork, row: Hazard) -> None:
    """Push a new hazard to its managers."""
    facts = {"id": row.id, "code": row.code, "name": row.name}
    level: Level = "alarm" if row.level == 1 else "warning"
    for role in await roles_for(uow, row.hazard_type, row.level):
        await notify_role(
            uow, role, "hazard_reported", _params(facts), level=level, link=_link(facts), dedupe=f"hazard-new-{row.id}"
        )


async def stepped(uow: UnitOfWork, event: str, row: Mapping[str, Any]) -> None:
    """Tell the next person at once."""
    params, link = _params(row), _link(row)
    if event in ("assign", "reassign"):
        await notify(uow, [row["owner_id"]], "hazard_assigned", params, level="warning", link=link)
    elif event == "send_back":
        await notify(uow, [row["owner_id"]], "hazard_sent_back", params, level="warning", link=link)
    elif event in ("rectify", "confirm_fixed"):
        await notify(uow, row["acceptor_ids"], "hazard_to_accept", params, link=link)
    elif event in ("approve_extension", "refuse_extension"):
        await notify(uow, [row["owner_id"]], f"hazard_{event}", params, link=link)
    elif event in ("accept", "dismiss"):
        await notify(uow, [row["reporter_id"]], f"hazard_{event}", params, link=link)
    elif event in ("evaluate", "ask_extension"):
        # A higher grade than the reporter thought reaches those whom it concerns.
        for role in await roles_for(uow, row["hazard_type"], row["level"]):
            await notify_role(uow, role, f"hazard_{event}", params, link=link)
    elif event == "escalate":
        await _late(uow, row)


async def _late(uow: UnitOfWork, row: Mapping[str, Any]) -> None:
    params, link = _params(row), _link(row)
    await notify(uow, [row["owner_id"]], "hazard_overdue", params, level="alarm", link=link)
    roles = set(await roles_for(uow, row["hazard_type"], row["level"]))
    if row["escalated"] > 1:
        roles.add("leader")
    for role in sorted(roles):
        await notify_role(uow, role, "hazard_overdue", params, level="alarm", link=link)
