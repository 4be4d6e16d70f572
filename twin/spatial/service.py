"""Versioned edits of spatial features: a write is the row, its history, its audit row and its event, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from twin import clock
from twin.auth.principal import Principal
from twin.db import features as rows
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7
from twin.registry.layer import Layer, layers
from twin.settings import get_settings
from twin.spatial import clamp, repository
from twin.spatial.properties import check_properties, derive
from twin.spatial.references import REFERENCES, contexts, reference_faults, require_unused
from twin.spatial.validate import check, check_heights, check_storey, with_height


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
    """Somebody else changed the feature first; ``params`` carry its version now and the feature itself."""

    code = "conflict"


class SiteStays(Conflict):
    """The site itself is not deleted: everything stands in it."""

    code = "site_stays"


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


def editable_layer(key: str) -> Layer:
    """The registered layer ``key``, to edit it.

    Raises:
        LayerNotFound: when there is none, or its module alone writes it.
    """
    found = layer_of(key)
    if not found.editable:
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


async def create(
    uow: UnitOfWork, principal: Principal, layer: Layer, geometry: Any, properties: dict[str, Any]
) -> dict[str, Any]:
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
    if layer.key == "site":
        check(geometry, layer.geometry)
        site_id, placed = id_, with_height(geometry, lambda: float(clean["origin_h"]))
    else:
        site = await site_of(uow)
        await _check_in_site(uow, site, layer, clean, geometry)
        site_id = site.id
        (placed,) = await clamp.placed(uow, site, [(geometry, clean)])
    derive(layer, clean)
    new = [(id_, placed, clean)]
    with _taken(clean):
        await repository.insert(uow.session, layer, uow.enterprise_id, site_id, new, clock.now(), uow.actor_id)
    return await _written(uow, layer, id_, "create", None)


async def patch(
    uow: UnitOfWork,
    principal: Principal,
    layer: Layer,
    id_: UUID,
    version: int,
    geometry: Any | None,
    properties: dict[str, Any],
) -> dict[str, Any]:
    """Change what is given; the rest stays.

    Raises:
        VersionConflict: the feature no longer has ``version``.
        InUse: its code is to change while other features name it.
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
    placed = None
    if layer.key == "site":
        if geometry is not None:
            check(geometry, layer.geometry)
            placed = with_height(geometry, lambda: float(merged["origin_h"]))
    else:
        site = await site_of(uow)
        if geometry is not None or clean.keys() & {*REFERENCES, "z_min", "z_max"}:
            await _check_in_site(uow, site, layer, merged, before["geometry"] if geometry is None else geometry)
        if geometry is not None:
            (placed,) = await clamp.placed(uow, site, [(geometry, merged)])
    derive(layer, clean)
    with _taken(clean):
        done = await repository.update(uow.session, layer, id_, version, placed, clean, clock.now(), uow.actor_id)
    if not done:
        await _refuse_stale(uow, layer, id_, version)
    await _require_code_free(uow, layer, id_, before["properties"]["code"], merged["code"])
    return await _written(uow, layer, id_, "update", before)


async def delete(uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID, version: int) -> None:
    """Delete a feature; its history stays and can restore it.

    Raises:
        InUse: other features belong to it.
        VersionConflict, FeatureNotFound, Forbidden: as their names say.
    """
    principal.require(layer.write)
    if layer.key == "site":
        raise SiteStays
    before = await _present(uow, layer, id_)
    await _require_place(uow, principal, layer, before["properties"])
    site_id = await repository.site_id_of(uow.session, layer, id_)
    if not await repository.delete(uow.session, layer, id_, version):
        await _refuse_stale(uow, layer, id_, version)
    await require_unused(uow, site_id, layer, before["properties"]["code"])
    await repository.add_history(
        uow.session, layer, uow.enterprise_id, "delete", [before], clock.now(), uow.actor_id, version + 1
    )
    await uow.audit(f"{layer.key}.delete", layer.key, str(id_), before=before)
    await uow.emit(layer.topic, "del", str(id_), {"id": str(id_)})


async def restore(uow: UnitOfWork, principal: Principal, layer: Layer, id_: UUID, version: int) -> dict[str, Any]:
    """Bring a feature back to an earlier version (also after it was deleted); that makes a new version.

    Raises:
        FeatureNotFound: no such version.
        Invalid, GeometryInvalid: what it named is no longer there, or it would lie outside.
    """
    principal.require(layer.write)
    versions = await repository.history(uow.session, layer, id_)
    wanted = next((v["feature"] for v in versions if v["version"] == version), None)
    if wanted is None:
        raise FeatureNotFound(layer=layer.key, id=str(id_))
    clean = {f.name: wanted["properties"].get(f.name) for f in layer.all_fields if f.writable}
    before = await rows.feature(uow.session, layer, id_)
    for place in (clean, before["properties"] if before else clean):
        await _require_place(uow, principal, layer, place)
    site = await site_of(uow)
    if layer.key != "site":
        await _check_in_site(uow, site, layer, clean, wanted["geometry"])
    derive(layer, clean)
    now, geometry = clock.now(), wanted["geometry"]
    with _taken(clean):
        if before is None:
            new = [(id_, geometry, clean)]
            await repository.insert(uow.session, layer, uow.enterprise_id, site.id, new, now, uow.actor_id)
            # Versions go on counting where they stopped, so that no number ever means two things.
            await repository.renumber(uow.session, layer, id_, versions[0]["version"] + 1)
        else:
            await repository.update(uow.session, layer, id_, None, geometry, clean, now, uow.actor_id)
    if before is not None:
        await _require_code_free(uow, layer, id_, before["properties"]["code"], clean["code"])
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


async def _written(
    uow: UnitOfWork, layer: Layer, id_: UUID, action: str, before: dict[str, Any] | None
) -> dict[str, Any]:
    after = await _present(uow, layer, id_)
    await repository.add_history(uow.session, layer, uow.enterprise_id, action, [after], clock.now(), uow.actor_id)
    await uow.audit(f"{layer.key}.{action}", layer.key, str(id_), before=before, after=after)
    await uow.emit(layer.topic, "put", str(id_), after)
    return after


async def _refuse_stale(uow: UnitOfWork, layer: Layer, id_: UUID, version: int) -> None:
    current = await _present(uow, layer, id_)
    raise VersionConflict(current=current["properties"]["version"], given=version, feature=current)


async def _require_code_free(uow: UnitOfWork, layer: Layer, id_: UUID, before: str, after: str) -> None:
    if before != after:
        await require_unused(uow, await repository.site_id_of(uow.session, layer, id_), layer, before)


async def _require_place(uow: UnitOfWork, principal: Principal, layer: Layer, properties: dict[str, Any]) -> None:
    """Rights limited to zones or departments hold for a zone itself and for all that stands in it."""
    departments = await repository.departments(uow.session) if principal.departments and layer.key != "zone" else {}
    require_place(principal, layer, properties, departments)


def require_place(
    principal: Principal, layer: Layer, properties: dict[str, Any], departments: Mapping[str, str | None]
) -> None:
    """Refuse a write outside the principal's zones and departments; ``departments`` are those of the zones.

    Raises:
        Forbidden: rights are limited to other zones or departments.
    """
    zone = properties.get("code") if layer.key == "zone" else properties.get("zone_code")
    principal.require_zone(zone)
    if principal.departments:
        own = properties.get("department") if layer.key == "zone" else departments.get(zone or "")
        principal.require_department(own)


async def _check_in_site(
    uow: UnitOfWork, site: repository.SiteRow, layer: Layer, properties: dict[str, Any], geometry: Any
) -> None:
    (faults,) = await reference_faults(uow, site, layer, [properties])
    if faults:
        raise Invalid(errors=faults)
    (context,) = await contexts(uow, site, layer, [properties])
    check(geometry, layer.geometry, context)
    faults = check_storey(properties.get("z_min"), properties.get("z_max"), context.building)
    if faults:
        raise Invalid(errors=faults)


@contextmanager
def _taken(clean: dict[str, Any]) -> Iterator[None]:
    """Says which code is taken when a unique key of the database refuses it."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise CodeTaken(where=str(clean.get("tag") or clean.get("code") or "")) from error
        raise
