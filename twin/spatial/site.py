"""Loading a whole site from data (idempotent, by code), as the demo and ``twin site load`` do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from twin import clock
from twin.db import features as rows
from twin.db.base import Outbox
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.ids import uuid7
from twin.registry.layer import Layer, layers
from twin.spatial import repository
from twin.spatial.service import _derive, check_properties, layer_of
from twin.spatial.validate import check, with_height

Feature = Mapping[str, Any]
#: Properties whose value the load never changes once the feature is there: engines set them.
_LIVE = {"risk"}


async def load_site(uow: UnitOfWork, data: Mapping[str, Sequence[Feature]], views: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Put a site and all its features in place; unchanged ones are not touched.

    Args:
        data: per layer key the features, each ``{"code", "properties", "geometry"}`` (GeoJSON, EPSG:4326 with heights); ``site`` has one.
        views: saved camera views in their order.

    Returns:
        How many features were created, updated and left.

    Raises:
        Invalid: a feature does not hold; nothing is written.
    """
    counts = {"create": 0, "update": 0, "unchanged": 0}
    (site_feature,) = data["site"]
    site_row = await repository.site(uow.session, str(site_feature["code"]))
    site_id = site_row.id if site_row is not None and site_row.code == site_feature["code"] else uuid7()
    ground = float(site_feature["properties"]["origin_h"])
    order = ["site", *(key for key in layers() if key in data and key != "site")]
    for key in order:
        await _load_layer(uow, layer_of(key), site_id, data[key], ground, counts)
    await repository.replace_views(uow.session, uow.enterprise_id, site_id, [dict(v) for v in views], [uuid7() for _ in views])
    await uow.audit("site.load", "site", str(site_id), after={**counts, "code": site_feature["code"]})
    return counts


async def _load_layer(uow: UnitOfWork, layer: Layer, site_id: UUID, given: Sequence[Feature], ground: float, counts: dict[str, int]) -> None:
    present = await repository.existing(uow.session, layer, site_id)
    new: list[tuple[UUID, dict[str, Any], dict[str, Any]]] = []
    changed: list[UUID] = []
    now = clock.now()
    for feature in given:
        properties = {k: v for k, v in feature["properties"].items() if k not in _LIVE} | {"code": feature["code"]}
        try:
            clean = check_properties(layer, properties, partial=False)
            check(dict(feature["geometry"]), layer.geometry)
        except Invalid as error:
            raise Invalid(errors=[{**row, "where": f"{layer.key} {feature['code']}: {row['where']}"} for row in error.errors]) from error
        geometry = with_height(dict(feature["geometry"]), ground)
        before = present.get(str(feature["code"]))
        if before is None:
            _derive(layer, clean)
            new.append((site_id if layer.key == "site" else uuid7(), geometry, clean))
            counts["create"] += 1
            continue
        difference = {k: v for k, v in clean.items() if before["properties"].get(k) != v}
        moved = None if _same(before["geometry"], geometry) else geometry
        if not difference and moved is None:
            counts["unchanged"] += 1
            continue
        if "static_risk" in difference:
            _derive(layer, difference)
        await repository.update(uow.session, layer, UUID(str(before["id"])), None, moved, difference, now, uow.actor_id)
        changed.append(UUID(str(before["id"])))
        counts["update"] += 1
    await repository.insert(uow.session, layer, uow.enterprise_id, site_id, new, now, uow.actor_id)
    await _tell(uow, layer, "create", [row[0] for row in new])
    await _tell(uow, layer, "update", changed)


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Equal to the digits that the database gives out."""

    def equal(x: Any, y: Any) -> bool:
        if isinstance(x, (list, tuple)):
            return isinstance(y, (list, tuple)) and len(x) == len(y) and all(equal(*pair) for pair in zip(x, y, strict=True))
        return abs(float(x) - float(y)) < 2 * 10**-rows.DIGITS

    return bool(a["type"] == b["type"] and equal(a["coordinates"], b["coordinates"]))


async def _tell(uow: UnitOfWork, layer: Layer, action: str, ids: list[UUID]) -> None:
    """History and events of many features in a few statements."""
    if not ids:
        return
    made = await rows.features(uow.session, layer, ids)
    now = clock.now()
    await repository.add_history(uow.session, layer, uow.enterprise_id, action, made, now, uow.actor_id)
    await uow.session.execute(
        insert(Outbox),
        [
            {"enterprise_id": uow.enterprise_id, "topic": layer.topic, "kind": "put", "key": str(f["id"]), "payload": f, "at": now}
            for f in made
        ],
    )
