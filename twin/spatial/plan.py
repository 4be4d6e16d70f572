"""What writing a batch of features would change, and doing it: the one way for importing files and for loading a site.

Features are matched by their code. All faults are found before anything is written, each with its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import numpy as np
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from twin import clock
from twin.auth.principal import Principal
from twin.db import features as features_of
from twin.db.uow import UnitOfWork
from twin.errors import Forbidden
from twin.ids import uuid7
from twin.registry.layer import Layer
from twin.spatial import clamp, repository
from twin.spatial.properties import clean_properties, derive
from twin.spatial.references import contexts, reference_faults
from twin.spatial.repository import Feature, SiteRow
from twin.spatial.service import CodeTaken, VersionConflict, require_place
from twin.spatial.validate import Fault, GeometryInvalid, check, check_heights, check_storey, fault, with_height

#: Faults of one row that are named.
MAX_ROW_FAULTS = 10
#: Degrees and metres under which positions are the same: what the database gives out is rounded to a millimetre.
SAME_DEG, SAME_M = 2 * 10.0**-features_of.DIGITS, 0.002


@dataclass(frozen=True)
class Given:
    """A feature to write.

    Attributes:
        row: number in its file, from 1.
        properties: those that are given; ``code`` names the feature. Computed ones are passed over.
        geometry: GeoJSON in EPSG:4326, heights optional; None leaves that of an existing feature as it is.
        faults: found while reading it.
    """

    row: int
    properties: dict[str, Any]
    geometry: dict[str, Any] | None
    faults: tuple[Fault, ...] = ()


@dataclass
class Change:
    """A feature that would be created or updated; ``properties`` are those that are new."""

    action: Literal["create", "update"]
    id: UUID
    code: str
    name: str
    properties: dict[str, Any]
    geometry: dict[str, Any] | None
    before: Feature | None = None

    @property
    def fields(self) -> list[str]:
        """What would change."""
        return [*self.properties, *(["geometry"] if self.geometry is not None else [])]


@dataclass
class Plan:
    """What would happen. ``faults`` carry ``row`` and ``feature`` (the code) besides ``where`` and ``code``."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)

    def count(self, action: str) -> int:
        """Number of creations or updates."""
        return sum(change.action == action for change in self.changes)


async def plan(
    uow: UnitOfWork, layer: Layer, site: SiteRow, given: Sequence[Given], principal: Principal | None = None
) -> Plan:
    """Compare a batch with what is there, and check every feature of it.

    ``principal`` limits rights to zones and departments; None is the product itself.
    """
    present = await repository.existing(uow.session, layer, site.id)
    made = Plan()
    seen: dict[str, int] = {}
    merged: list[dict[str, Any]] = []
    cleaned: list[tuple[dict[str, Any], list[Fault]]] = []
    for item in given:
        code = str(item.properties.get("code") or "")
        before = present.get(code)
        clean, faults = _properties(layer, item, before)
        if code in seen:
            faults.append(fault("repeated_code", "properties.code", value=code[:60], other=seen[code]))
        seen.setdefault(code or f"#{item.row}", item.row)
        merged.append({**(before["properties"] if before else {}), **clean})
        cleaned.append((clean, [*item.faults, *faults]))
    referring = await reference_faults(uow, site, layer, merged)
    around = await contexts(uow, site, layer, merged)
    limited = principal is not None and bool(principal.departments)
    departments = await repository.departments(uow.session) if limited else {}
    tags = _tags(layer, present, given)
    for item, whole, (clean, faults), named, context in zip(given, merged, cleaned, referring, around, strict=True):
        before = present.get(str(whole.get("code")))
        faults += [*named, *tags.get(item.row, ())]
        faults += check_heights(whole.get("z_min"), whole.get("z_max")) if before else []
        faults += check_storey(whole.get("z_min"), whole.get("z_max"), context.building)
        if principal is not None:
            faults += _place(principal, layer, [whole, *([before["properties"]] if before else [])], departments)
        if item.geometry is not None and not any(f["where"].startswith("geometry") for f in faults):
            try:
                check(item.geometry, layer.geometry, context)
            except GeometryInvalid as error:
                faults += error.errors
        elif item.geometry is None and before is None and not item.faults:
            faults.append(fault("geometry_missing", "geometry"))
        if faults:
            known = {"row": item.row, "feature": str(whole.get("code") or "")[:60]}
            made.faults += [f | known for f in faults[:MAX_ROW_FAULTS]]
        else:
            _add(made, layer, site, item, before, clean)
    await _give_heights(uow, layer, site, made)
    return made


async def _give_heights(uow: UnitOfWork, layer: Layer, site: SiteRow, made: Plan) -> None:
    """Positions without a height get one, all of the batch at once."""
    moved = [(c, c.geometry) for c in made.changes if c.geometry is not None]
    if layer.key == "site":
        placed = [with_height(geometry, lambda: site.ground) for _, geometry in moved]
    else:
        told = [(geometry, (c.before or {"properties": {}})["properties"] | c.properties) for c, geometry in moved]
        placed = await clamp.placed(uow, site, told)
    for (change, _), geometry in zip(moved, placed, strict=True):
        change.geometry = geometry


def _properties(layer: Layer, item: Given, before: Feature | None) -> tuple[dict[str, Any], list[Fault]]:
    """Checked properties; computed ones are passed over, as files that were exported carry them."""
    known = {n: v for n, v in item.properties.items() if (f := layer.field(n)) is None or f.writable}
    clean, faults = clean_properties(layer, known, partial=before is not None)
    return clean, faults


def _place(
    principal: Principal, layer: Layer, places: list[dict[str, Any]], departments: Mapping[str, str | None]
) -> list[Fault]:
    try:
        for properties in places:
            require_place(principal, layer, properties, departments)
    except Forbidden:
        return [fault("forbidden_place", "properties.zone_code")]
    return []


def _tags(layer: Layer, present: dict[str, Feature], given: Sequence[Given]) -> dict[int, list[Fault]]:
    """Tags of measuring points are unique in the site, as codes are: faults by row."""
    faults: dict[int, list[Fault]] = {}
    if layer.field("tag") is None:
        return faults
    codes = {str(item.properties.get("code")) for item in given}
    owner = {f["properties"]["tag"]: code for code, f in present.items() if code not in codes}
    for item in given:
        code = str(item.properties.get("code"))
        tag = item.properties.get("tag") or (present[code]["properties"]["tag"] if code in present else None)
        if tag and owner.setdefault(str(tag), code) != code:
            faults[item.row] = [fault("taken_by", "properties.tag", value=str(tag)[:60], other=owner[str(tag)])]
    return faults


def _add(made: Plan, layer: Layer, site: SiteRow, item: Given, before: Feature | None, clean: dict[str, Any]) -> None:
    name = str(clean.get("name") or (before or {"properties": {}})["properties"].get("name", ""))
    code = str(item.properties["code"])
    if before is None:
        derive(layer, clean)
        assert item.geometry is not None
        id_ = site.id if layer.key == "site" else uuid7()
        made.changes.append(Change("create", id_, code, name, clean, item.geometry))
        return
    different = {k: v for k, v in clean.items() if before["properties"].get(k) != v}
    moved = item.geometry is not None and not same_geometry(before["geometry"], item.geometry)
    if not different and not moved:
        made.unchanged += 1
        return
    derive(layer, different)
    geometry = item.geometry if moved else None
    made.changes.append(Change("update", UUID(str(before["id"])), code, name, different, geometry, before))


def same_geometry(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Equal to a millimetre. Rings may begin elsewhere and run the other way round; heights count if both have them."""
    if a["type"] != b["type"]:
        return False
    if a["type"] == "Polygon":
        if len(a["coordinates"]) != len(b["coordinates"]):
            return False
        return all(_same_ring(_array(p), _array(q)) for p, q in zip(a["coordinates"], b["coordinates"], strict=True))
    point = a["type"] == "Point"
    p, q = (_array([g["coordinates"]] if point else g["coordinates"]) for g in (a, b))
    return p.shape == q.shape and _close(p, q)


def _array(line: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([[*map(float, p[:3]), *([np.nan] if len(p) < 3 else [])] for p in line])


def _close(p: Any, q: Any) -> bool:
    flat = np.abs(p[:, :2] - q[:, :2]) < SAME_DEG
    height = ~(np.abs(p[:, 2] - q[:, 2]) >= SAME_M)  # a missing height differs from nothing
    return bool(flat.all() and height.all())


def _same_ring(p: Any, q: Any) -> bool:
    if p.shape != q.shape:
        return False
    p, q = p[:-1], q[:-1]
    if _close(p, q):
        return True
    for direction in (q, q[::-1]):
        starts = np.flatnonzero((np.abs(direction[:, :2] - p[0, :2]) < SAME_DEG).all(axis=1))
        if any(_close(p, np.roll(direction, -int(start), axis=0)) for start in starts[:4]):
            return True
    return False


async def apply(uow: UnitOfWork, layer: Layer, site: SiteRow, made: Plan) -> None:
    """Write a plan without faults: rows, history, audit and events, in bulk.

    Raises:
        VersionConflict, CodeTaken: somebody else was faster since the plan was made; nothing is written.
    """
    assert not made.faults
    now = clock.now()
    new = [c for c in made.changes if c.before is None]
    old = [c for c in made.changes if c.before is not None]
    try:
        rows = [(c.id, c.geometry or {}, c.properties) for c in new]
        await repository.insert(uow.session, layer, uow.enterprise_id, site.id, rows, now, uow.actor_id)
        for c in old:
            version = (c.before or {})["properties"]["version"]
            if not await repository.update(
                uow.session, layer, c.id, version, c.geometry, c.properties, now, uow.actor_id
            ):
                raise VersionConflict(current=None, given=version, feature=None)
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise CodeTaken(where=layer.key) from error
        raise
    for action, changes in (("create", new), ("update", old)):
        if changes:
            before = {str(c.id): c.before for c in changes}
            after = await features_of.features(uow.session, layer, [c.id for c in changes])
            await repository.note_many(uow, layer, action, [(before[str(f["id"])], f) for f in after])
