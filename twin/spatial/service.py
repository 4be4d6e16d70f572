"""Versioned edits of spatial features: each write is the row, its history, its audit row and its event, in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from twin import clock
from twin.auth.principal import Principal
from twin.db import features as rows
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7
from twin.registry.layer import Field, Layer, layers
from twin.settings import get_settings
from twin.spatial import repository
from twin.spatial.validate import Context, GeometryInvalid, check, check_heights, fault, with_height


class LayerNotFound(NotFound):
    """No such layer, or it is not edited here."""

    code = "layer_not_found"


class FeatureNotFound(NotFound):
    """No such feature, or another enterprise's."""

    code = "feature_not_found"


class SiteNotFound(NotFound):
    """The enterprise has no site yet."""

    code = "site_not_found"


class VersionConflict(Conflict):
    """Somebody else changed the feature first; ``params['current']`` is its version now."""

    code = "conflict"


class CodeTaken(Conflict):
    """Another feature of the site has this code (or tag)."""

    code = "code_taken"


def layer_of(key: str) -> Layer:
    """The registered layer ``key``.

    Raises:
        LayerNotFound: when there is none.
    """
    found = layers().get(key)
    if found is None:
        raise LayerNotFound(layer=key)
    return found


async def site_of(uow: UnitOfWork) -> repository.SiteRow:
    """The enterprise's site.

    Raises:
        SiteNotFound: before one is loaded.
    """
    found = await repository.site(uow.session, get_settings().site)
    if found is None:
        raise SiteNotFound
    return found


async def create(uow: UnitOfWork, principal: Principal, layer: Layer, geometry: Any, properties: dict[str, Any]) -> dict[str, Any]:
    """Add a feature; returns it as the OGC API will show it.

    Raises:
        Forbidden: no right, or a zone outside the principal's.
        GeometryInvalid, Invalid: every fault named.
        CodeTaken: the code exists already.
    """
    principal.require(layer.write)
    clean = check_properties(layer, properties, partial=False)
    await _require_place(uow, principal, layer, clean)
    id_ = uuid7()
    site_id, ground = id_, float(clean.get("origin_h") or 0.0)
    context = Context()
    if layer.key != "site":
        site = await site_of(uow)
        site_id, ground = site.id, site.origin[2]
        await _check_references(uow, site.id, clean)
        context = await context_of(uow, site, layer, clean)
    check(geometry, layer.geometry, context)
    _derive(layer, clean)
    try:
        await repository.insert(
            uow.session, layer, uow.enterprise_id, site_id, [(id_, with_height(geometry, ground), clean)], clock.now(), uow.actor_id
        )
    except IntegrityError as error:
        raise CodeTaken(where=str(clean.get("code"))) from error
    return await _written(uow, layer, id_, "create", None)


async def patch(
    uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID, version: int, geometry: Any | None, properties: dict[str, Any]
) -> dict[str, Any]:
    """Change what is given; the rest stays.

    Raises:
        VersionConflict: the feature no longer has ``version``.
        FeatureNotFound, Forbidden, GeometryInvalid, Invalid, CodeTaken: as their names say.
    """
    principal.require(layer.write)
    before = await _present(uow, layer, id_)
    clean = check_properties(layer, properties, partial=True)
    merged = {**before["properties"], **clean}
    await _require_place(uow, principal, layer, before["properties"])
    await _require_place(uow, principal, layer, merged)
    faults = check_heights(merged.get("z_min"), merged.get("z_max"))
    if faults:
        raise Invalid(errors=faults)
    context, ground = Context(), 0.0
    if layer.key != "site" and (geometry is not None or clean.keys() & {"zone_code", "parent_code", "building_code"}):
        site = await site_of(uow)
        ground = site.origin[2]
        await _check_references(uow, site.id, clean)
        context = await context_of(uow, site, layer, merged)
    if geometry is not None:
        check(geometry, layer.geometry, context)
        geometry = with_height(geometry, ground)
    _derive(layer, clean)
    try:
        done = await repository.update(uow.session, layer, id_, version, geometry, clean, clock.now(), uow.actor_id)
    except IntegrityError as error:
        raise CodeTaken(where=str(clean.get("code"))) from error
    if not done:
        raise VersionConflict(current=before["properties"]["version"], given=version)
    return await _written(uow, layer, id_, "update", before)


async def delete(uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID, version: int) -> None:
    """Delete a feature; its history stays and can restore it.

    Raises:
        VersionConflict, FeatureNotFound, Forbidden: as their names say.
    """
    principal.require(layer.write)
    if layer.key == "site":
        raise Conflict(reason="site_holds_features")
    before = await _present(uow, layer, id_)
    await _require_place(uow, principal, layer, before["properties"])
    if not await repository.delete(uow.session, layer, id_, version):
        raise VersionConflict(current=before["properties"]["version"], given=version)
    await repository.add_history(uow.session, layer, uow.enterprise_id, "delete", [before], clock.now(), uow.actor_id, version + 1)
    await uow.audit(f"{layer.key}.delete", layer.key, str(id_), before=before)
    await uow.emit(layer.topic, "del", str(id_), {"id": str(id_)})


async def restore(uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID, version: int) -> dict[str, Any]:
    """Bring a feature back to an earlier version (also after it was deleted); that makes a new version.

    Raises:
        FeatureNotFound: no such version.
    """
    principal.require(layer.write)
    versions = await repository.history(uow.session, layer, id_)
    wanted = next((v["feature"] for v in versions if v["version"] == version), None)
    if wanted is None:
        raise FeatureNotFound(layer=layer.key, id=str(id_))
    await _require_place(uow, principal, layer, wanted["properties"])
    clean = {f.name: wanted["properties"].get(f.name) for f in layer.all_fields if f.writable}
    _derive(layer, clean)
    now = clock.now()
    before = await rows.feature(uow.session, layer, id_)
    try:
        if before is None:
            site = await site_of(uow)
            await repository.insert(uow.session, layer, uow.enterprise_id, site.id, [(id_, wanted["geometry"], clean)], now, uow.actor_id)
            # Versions go on counting where they stopped, so that no number ever means two things.
            await repository.update(uow.session, layer, id_, None, None, {}, now, uow.actor_id)
            await repository.renumber(uow.session, layer, id_, versions[0]["version"] + 1)
        else:
            await repository.update(uow.session, layer, id_, None, wanted["geometry"], clean, now, uow.actor_id)
    except IntegrityError as error:
        raise CodeTaken(where=str(clean.get("code"))) from error
    return await _written(uow, layer, id_, "create" if before is None else "update", before)


async def history(uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID) -> list[dict[str, Any]]:
    """All versions of a feature, newest first.

    Raises:
        FeatureNotFound: it never was, or is another enterprise's.
    """
    principal.require(layer.read)
    versions = await repository.history(uow.session, layer, id_)
    if not versions:
        raise FeatureNotFound(layer=layer.key, id=str(id_))
    return versions


async def _present(uow: UnitOfWork, layer: Layer, id_: UUID) -> dict[str, Any]:
    found = await rows.feature(uow.session, layer, id_)
    if found is None:
        raise FeatureNotFound(layer=layer.key, id=str(id_))
    return found


async def _written(uow: UnitOfWork, layer: Layer, id_: UUID, action: str, before: dict[str, Any] | None) -> dict[str, Any]:
    after = await _present(uow, layer, id_)
    await repository.add_history(uow.session, layer, uow.enterprise_id, action, [after], clock.now(), uow.actor_id)
    await uow.audit(f"{layer.key}.{action}", layer.key, str(id_), before=before, after=after)
    await uow.emit(layer.topic, "put", str(id_), after)
    return after


async def _require_place(uow: UnitOfWork, principal: Principal, layer: Layer, properties: dict[str, Any]) -> None:
    """Rights limited to zones or departments hold for a zone itself and for all that stands in it."""
    zone = properties.get("code") if layer.key == "zone" else properties.get("zone_code")
    principal.require_zone(zone)
    if principal.departments:
        department = properties.get("department")
        if layer.key != "zone":
            department = await repository.department(uow.session, zone) if zone else None
        principal.require_department(department)


async def _check_references(uow: UnitOfWork, site_id: UUID, clean: dict[str, Any]) -> None:
    """A named zone must exist."""
    for name in ("zone_code", "parent_code"):
        value = clean.get(name)
        if value and await repository.footprint(uow.session, "zone", site_id, value) is None:
            raise Invalid(errors=[fault("unknown_code", f"properties.{name}", value=str(value)[:60])])


def _derive(layer: Layer, clean: dict[str, Any]) -> None:
    """Columns that follow from others: until something lifts it, a zone's risk is its static one."""
    if layer.key == "zone" and clean.get("static_risk") is not None:
        clean["risk"] = clean["static_risk"]


async def context_of(uow: UnitOfWork, site: repository.SiteRow, layer: Layer, properties: dict[str, Any]) -> Context:
    """What a feature's geometry must lie in: the site, and a floor in its building."""
    container, name = None, ""
    if layer.key == "floor":
        name = str(properties.get("building_code"))
        container = await repository.footprint(uow.session, "building", site.id, name)
        if container is None:
            raise Invalid(errors=[fault("unknown_code", "properties.building_code", value=name)])
    return Context(site.geom, container, name)


def check_properties(layer: Layer, properties: dict[str, Any], *, partial: bool) -> dict[str, Any]:
    """The writable properties, each of its declared kind.

    Raises:
        Invalid: every fault named by its property.
    """
    faults: list[dict[str, Any]] = []
    clean: dict[str, Any] = {}
    for name, value in properties.items():
        field = layer.field(name)
        if field is None:
            faults.append(fault("unknown_property", f"properties.{name[:60]}"))
        elif not field.writable:
            if partial:
                faults.append(fault("not_writable", f"properties.{name}"))
        else:
            problem = _value_fault(field, value)
            if problem:
                faults.append(problem)
            else:
                clean[name] = "" if value is None and name in ("name_en", "note") else value
    if not partial:
        faults += [
            fault("required", f"properties.{f.name}")
            for f in layer.all_fields
            if f.required and f.writable and properties.get(f.name) in (None, "") and layer.field(f.name)
        ]
        clean = {f.name: clean.get(f.name, _default(f)) for f in layer.all_fields if f.writable}
        faults += check_heights(clean.get("z_min"), clean.get("z_max"))
    if faults:
        raise Invalid(errors=faults)
    return clean


def _default(field: Field) -> Any:
    if field.kind == "boolean":
        return field.name == "enabled"
    return "" if field.name in ("name_en", "note", "address") else None


def _value_fault(field: Field, value: Any) -> dict[str, Any] | None:
    where = f"properties.{field.name}"
    if value is None or value == "":
        return fault("required", where) if field.required else None
    if field.kind == "boolean":
        return None if isinstance(value, bool) else fault("not_boolean", where)
    if field.kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or abs(value) == float("inf"):
            return fault("not_number", where)
        if field.kind == "integer" and (value != int(value) or abs(value) > 2**31 - 1):
            return fault("not_integer", where)
        low, high = field.minimum, field.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return fault("out_of_range", where, low=low, high=high, value=value)
    elif not isinstance(value, str):
        return fault("not_text", where)
    elif len(value) > 4000 or "\x00" in value:
        return fault("text_too_long", where, limit=4000)
    if field.codes and value not in [code for code, _ in field.codes]:
        return fault("not_in_list", where, value=str(value)[:60], allowed=", ".join(str(code) for code, _ in field.codes))
    return None


__all__ = ["GeometryInvalid", "create", "delete", "history", "patch", "restore"]
