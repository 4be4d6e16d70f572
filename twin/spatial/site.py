"""Loading a whole site from data (idempotent, by code) and giving it out again, as the demo and ``twin site`` do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shapely import force_2d
from shapely.geometry import shape

from twin.db.features import features
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.ids import uuid7
from twin.registry.layer import layers
from twin.spatial import repository
from twin.spatial.plan import Given, apply, plan
from twin.spatial.properties import check_properties
from twin.spatial.service import SiteNotFound, editable_layer, layer_of
from twin.spatial.validate import check

#: ``{"code", "properties", "geometry"}``: GeoJSON geometry, EPSG:4326 with heights.
Feature = Mapping[str, Any]
#: Layers that others name come first.
_FIRST = ("site", "zone", "building", "floor")


async def load_site(
    uow: UnitOfWork, data: Mapping[str, Sequence[Feature]], views: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Put a site and all its features in place; unchanged ones are not touched, none is taken away.

    Args:
        data: the features of each layer; ``site`` has exactly one.
        views: saved camera views in their order.

    Returns:
        How many features were created, updated and left.

    Raises:
        Invalid: a feature does not hold; nothing is written.
    """
    counts = {"create": 0, "update": 0, "unchanged": 0}
    (given,) = data["site"]
    site = await _site_row(uow, given)
    for key in sorted(data, key=lambda k: _FIRST.index(k) if k in _FIRST else len(_FIRST)):
        layer = editable_layer(key)
        rows = [
            Given(n, {**feature["properties"], "code": feature["code"]}, dict(feature["geometry"]))
            for n, feature in enumerate(data[key], 1)
        ]
        made = await plan(uow, layer, site, rows)
        if made.faults:
            raise Invalid(errors=[{**f, "where": f"{key} {f['feature']}: {f['where']}"} for f in made.faults[:50]])
        await apply(uow, layer, site, made)
        counts = {
            "create": counts["create"] + made.count("create"),
            "update": counts["update"] + made.count("update"),
            "unchanged": counts["unchanged"] + made.unchanged,
        }
    new_ids = [uuid7() for _ in views]
    await repository.replace_views(uow.session, uow.enterprise_id, site.id, [dict(v) for v in views], new_ids)
    await uow.audit("site.load", "site", str(site.id), after={**counts, "code": given["code"]})
    return counts


async def _site_row(uow: UnitOfWork, given: Feature) -> repository.SiteRow:
    """The site as given, under the id that it has or will have."""
    layer = layer_of("site")
    clean = check_properties(layer, {**given["properties"], "code": given["code"]}, partial=False)
    check(dict(given["geometry"]), layer.geometry)
    before = await repository.site(uow.session, str(given["code"]))
    id_ = before.id if before is not None and before.code == given["code"] else uuid7()
    origin = (clean["origin_lon"], clean["origin_lat"], clean["origin_h"])
    outline = force_2d(shape(dict(given["geometry"])))
    names = (clean["code"], clean["name"], clean["name_en"])
    return repository.SiteRow(id_, *names, clean["crs"], clean["timezone"], origin, outline)


async def export_site(uow: UnitOfWork, code: str) -> dict[str, Any]:
    """A site as :func:`load_site` takes it: ``{"layers": {key: [feature...]}, "views": [...]}``.

    Raises:
        SiteNotFound: the enterprise has no site of this code.
    """
    site = await repository.site(uow.session, code)
    if site is None or site.code != code:
        raise SiteNotFound(site=code)
    found: dict[str, list[dict[str, Any]]] = {}
    for layer in (layer for layer in layers().values() if layer.editable):
        writable = [f.name for f in layer.all_fields if f.writable and f.name != "code"]
        rows = await features(uow.session, layer, await repository.ids_of(uow.session, layer, site.id))
        found[layer.key] = [
            {
                "code": row["properties"]["code"],
                "properties": {n: row["properties"][n] for n in writable},
                "geometry": row["geometry"],
            }
            for row in rows
        ]
    return {"layers": found, "views": await repository.saved_views(uow.session, site.id)}
