"""Versioned dictionaries: those that ship and the enterprise's own; which version is in force today."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from domain.risks import repository
from domain.risks.models import RiskDictionary
from domain.risks.schemas import DictionaryIn, DictionaryOut
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.documents import code_list
from twin.errors import Conflict, Invalid
from twin.ids import uuid7
from twin.spatial import service as spatial

#: As risk events name them.
_CODE = re.compile(r"[\w-]{1,20}")


class DictionaryTaken(Conflict):
    """This version is there already."""

    code = "code_taken"


@cache
def shipped() -> dict[str, list[dict[str, Any]]]:
    """Versions that come with the product, oldest first."""
    text = (files("domain.risks") / "data" / "dictionaries.json").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = json.loads(text)
    return found


async def versions(uow: UnitOfWork) -> list[DictionaryOut]:
    """All versions, oldest first; the newest that has begun on the site's day is in force."""
    every = [
        (name, row["version"], date.fromisoformat(row["effective_from"]), row["items"])
        for name, rows in shipped().items()
        for row in rows
    ]
    every += [(r.name, r.version, r.effective_from, r.items) for r in await repository.dictionaries(uow.session)]
    every.sort(key=lambda row: (row[0], row[2], row[1]))
    today = clock.now().astimezone(ZoneInfo((await spatial.site_of(uow)).timezone)).date()
    current = {name: version for name, version, start, _ in every if start <= today}
    return [
        DictionaryOut(
            name=name, version=version, effective_from=start, items=items, in_force=current.get(name) == version
        )
        for name, version, start, items in every
    ]


async def require(uow: UnitOfWork, name: str, codes: Sequence[str]) -> str:
    """The version in force, which must have all of ``codes``.

    Raises:
        Invalid: an unknown code.
    """
    current = next(d for d in await versions(uow) if d.name == name and d.in_force)
    known = {item[0] for item in current.items}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise Invalid(
            errors=[
                {"where": name, "code": "not_in_dictionary", "value": c, "version": current.version} for c in unknown
            ]
        )
    return current.version


async def add(uow: UnitOfWork, principal: Principal, body: DictionaryIn) -> None:
    """A new version, in force from its day on; what was assessed before keeps naming its own version.

    Raises:
        DictionaryTaken. Invalid: by row, see :func:`twin.documents.code_list.faults`.
    """
    principal.require("risk:write")
    if faults := code_list.faults(body.items, _CODE):
        raise Invalid(errors=faults)
    if any(d.name == body.name and d.version == body.version for d in await versions(uow)):
        raise DictionaryTaken(where=body.version)
    row = RiskDictionary(
        id=uuid7(), enterprise_id=uow.enterprise_id, name=body.name, version=body.version,
        effective_from=body.effective_from, items=body.items,
    )  # fmt: skip
    try:
        async with uow.session.begin_nested():
            uow.session.add(row)
            await uow.session.flush()
    except IntegrityError as error:
        raise DictionaryTaken(where=body.version) from error
    await uow.audit("create", "risk_dictionary", str(row.id), after={"name": body.name, "version": body.version})
