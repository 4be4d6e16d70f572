"""What features say about one another by code: what is named exists, zones form no loop, nothing in use goes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.db.uow import UnitOfWork
from twin.errors import Conflict
from twin.registry.layer import Layer, layers
from twin.spatial import repository
from twin.spatial.repository import SiteRow
from twin.spatial.validate import Container, Context, Fault, fault

#: Properties that name another feature of the site, and the layer that it is in.
REFERENCES: Mapping[str, str] = {
    "zone_code": "zone",
    "parent_code": "zone",
    "building_code": "building",
    "floor_code": "floor",
}


class InUse(Conflict):
    """Other features belong to this one."""

    code = "in_use"


async def reference_faults(
    uow: UnitOfWork, site: SiteRow, layer: Layer, rows: Sequence[dict[str, Any]]
) -> list[list[Fault]]:
    """Per row of clean properties, what it names that is not there; named rows are locked until the transaction ends.

    Rows of the same batch may name one another.
    """
    faults: list[list[Fault]] = [[] for _ in rows]
    for name, target in REFERENCES.items():
        wanted = {str(row[name]) for row in rows if row.get(name)}
        if not wanted or layer.field(name) is None:
            continue
        known = await repository.lock_codes(uow.session, layers()[target], site.id, wanted)
        if target == layer.key:
            known |= {str(row["code"]) for row in rows if row.get("code")}
        for row, found in zip(rows, faults, strict=True):
            if row.get(name) and row[name] not in known:
                found.append(fault("unknown_code", f"properties.{name}", value=str(row[name])[:60]))
    if layer.key == "zone" and any(row.get("parent_code") for row in rows):
        parents = await repository.parents(uow.session, site.id)
        parents |= {str(row["code"]): row.get("parent_code") for row in rows if row.get("code")}
        for row, found in zip(rows, faults, strict=True):
            if _loops(parents, str(row.get("code"))):
                found.append(fault("parent_loop", "properties.parent_code", value=str(row["parent_code"])[:60]))
    return faults


def _loops(parents: Mapping[str, str | None], code: str) -> bool:
    seen, at = {code}, parents.get(code)
    while at:
        if at in seen:
            return at == code
        seen.add(at)
        at = parents.get(at)
    return False


async def require_unused(uow: UnitOfWork, site_id: Any, layer: Layer, code: str) -> None:
    """Refuse when features still name ``code``, which has just been taken away in this transaction.

    Raises:
        InUse: with how many there are.
    """
    total = 0
    for name, target in REFERENCES.items():
        if target == layer.key:
            users = [other for other in layers().values() if other.field(name) is not None]
            total += await repository.count_users(uow.session, users, name, site_id, code)
    if total:
        raise InUse(code=code, count=total)


async def contexts(uow: UnitOfWork, site: SiteRow, layer: Layer, rows: Sequence[dict[str, Any]]) -> list[Context]:
    """Per row, what its geometry must lie in: the site, and a floor in its building."""
    if layer.key == "site":
        return [Context() for _ in rows]
    whole = Container(site.geom, site.code)
    buildings: dict[str, Container] = {}
    if layer.key == "floor":
        codes = {str(row["building_code"]) for row in rows if row.get("building_code")}
        found = await repository.footprints(uow.session, layers()["building"], site.id, codes)
        buildings = {code: Container(shape, code, *heights) for code, (shape, *heights) in found.items()}
    return [Context(whole, buildings.get(str(row.get("building_code")))) for row in rows]
