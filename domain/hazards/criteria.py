"""The checklist of major hazards: the version that ships and the enterprise's own; which one is in force today."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy.exc import IntegrityError

from domain.hazards import repository
from domain.hazards.models import HazardCriteria
from domain.hazards.schemas import Criteria, CriteriaIn
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.documents import code_list
from twin.errors import Conflict, Invalid
from twin.ids import uuid7

#: The shipped version holds from the day of its order on.
_SHIPPED_FROM = date(2017, 11, 13)
#: As a hazard names them.
_CODE = re.compile(r"[\w-]{1,20}")


class CriteriaTaken(Conflict):
    """This version is there already."""

    code = "code_taken"


@cache
def shipped() -> dict[str, Any]:
    """The checklist that ships."""
    found: dict[str, Any] = json.loads((files("domain.hazards") / "data" / "criteria.json").read_text(encoding="utf-8"))
    return found


async def versions(uow: UnitOfWork, today: date) -> list[Criteria]:
    """All versions, oldest first; the newest that has begun on the site's day ``today`` is in force."""
    every = [(_SHIPPED_FROM, shipped()["version"], shipped()["items"])]
    every += [(row.effective_from, row.version, row.items) for row in await repository.criteria(uow.session)]
    every.sort(key=lambda row: (row[0], row[1]))
    current = max(n for n, row in enumerate(every) if n == 0 or row[0] <= today)
    return [
        Criteria(version=version, effective_from=start, items=items, in_force=n == current)
        for n, (start, version, items) in enumerate(every)
    ]


async def in_force(uow: UnitOfWork, today: date) -> Criteria:
    """The version of the day."""
    return next(found for found in await versions(uow, today) if found.in_force)


async def require(uow: UnitOfWork, today: date, level: int, codes: Collection[str]) -> str:
    """The version in force, which must have all of ``codes``; a major hazard names one at least.

    Raises:
        Invalid.
    """
    current = await in_force(uow, today)
    known = {item[0] for item in current.items}
    if unknown := [c for c in codes if c not in known]:
        raise Invalid(errors=[{"where": "criteria", "code": "criterion_unknown", "value": c} for c in unknown])
    if level == 1 and not codes:
        raise Invalid(errors=[{"where": "criteria", "code": "major_needs_criteria"}])
    return current.version


async def add(uow: UnitOfWork, principal: Principal, body: CriteriaIn, today: date) -> None:
    """A new version, in force from its day on; what was judged before keeps naming its own version.

    Raises:
        CriteriaTaken. Invalid: by row, see :func:`twin.documents.code_list.faults`.
    """
    principal.require("hazard:assign")
    if faults := code_list.faults(body.items, _CODE):
        raise Invalid(errors=faults)
    if any(found.version == body.version for found in await versions(uow, today)):
        raise CriteriaTaken(where=body.version)
    row = HazardCriteria(id=uuid7(), enterprise_id=uow.enterprise_id, **body.model_dump())
    try:
        async with uow.session.begin_nested():
            uow.session.add(row)
            await uow.session.flush()
    except IntegrityError as error:  # two at once
        raise CriteriaTaken(where=body.version) from error
    await uow.audit("create", "hazard_criteria", str(row.id), after={"version": body.version, "items": len(body.items)})
