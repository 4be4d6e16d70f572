"""What every registered layer promises, checked against its declaration and brute force over its own features."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import httpx
import jsonschema
import mapbox_vector_tile
import pytest
from shapely.geometry import box, shape

from tests.conftest import SignIn
from tests.contract.conftest import everything, get, ids, tile_of, walk
from twin.registry.layer import Field, Layer, layers

EVERY = [layer for layer in layers().values() if layer.editable]  # others have contract tests of their module
each = pytest.mark.parametrize("layer", EVERY, ids=[layer.key for layer in EVERY])


@each
async def test_features_have_exactly_the_declared_properties(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    assert rows, "the demo site has every layer"
    names = [f.name for f in layer.all_fields]
    schema = await get(manager, f"{layer.key}/queryables", lang="en")
    assert set(schema["properties"]) == {*names, "geometry", "id"}
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for row in rows:
        assert list(row) == ["type", "id", "geometry", "properties"]
        assert list(row["properties"]) == names
        assert row["geometry"]["type"] == layer.geometry
        assert shape(row["geometry"]).has_z and shape(row["geometry"]).is_valid
        given = {name: value for name, value in row["properties"].items() if value is not None}
        judge.validate(given)


@each
async def test_the_collection_says_where_it_is(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    told = await get(manager, layer.key, lang="en")
    assert told["id"] == layer.key and told["title"] == layer.title.en and told["topic"] == layer.topic
    west, south, east, north = told["extent"]["spatial"]["bbox"][0]
    frame = box(west, south, east, north)
    assert all(frame.buffer(1e-7).covers(shape(row["geometry"])) for row in rows)
    bounds = [shape(row["geometry"]).bounds for row in rows]
    assert (west, north) == pytest.approx((min(b[0] for b in bounds), max(b[3] for b in bounds)), abs=1e-7)
    for link in told["links"]:
        answer = await manager.get(link["href"])
        assert answer.status_code == 200, link
        assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link


@each
async def test_pages_give_every_feature_once(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    size = max(1, len(rows) // 3)
    assert [r["id"] for r in await walk(manager, f"{layer.key}/items", limit=size)] == sorted(r["id"] for r in rows)


def own_fields(layer: Layer) -> tuple[Field, ...]:
    """The layer's own fields; the common ones are the same everywhere, so one layer stands for all."""
    return layer.all_fields if layer is EVERY[0] else layer.fields


def brute_sorted(rows: list[dict[str, Any]], *keys: str) -> list[str]:
    """Ids by the sort keys, then the id; nothing comes last in both directions."""
    rows = sorted(rows, key=lambda r: r["id"])
    for key in reversed(keys):
        name = key.removeprefix("-")
        there = [r for r in rows if r["properties"][name] is not None]
        gone = [r for r in rows if r["properties"][name] is None]
        rows = sorted(there, key=lambda r: r["properties"][name], reverse=key.startswith("-")) + gone
    return [r["id"] for r in rows]


@each
async def test_every_property_sorts_across_pages(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    size = max(1, len(rows) // 2)
    for number, field in enumerate(own_fields(layer)):
        key = f"-{field.name}" if number % 2 else field.name
        found = await walk(manager, f"{layer.key}/items", limit=size, sortby=key)
        assert [r["id"] for r in found] == brute_sorted(rows, key), key
    last = layer.all_fields[-1].name
    found = await walk(manager, f"{layer.key}/items", limit=max(1, len(rows) // 5), sortby=f"-{last},+name")
    assert [r["id"] for r in found] == brute_sorted(rows, f"-{last}", "name")


@each
async def test_boxes_answer_like_brute_force(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    shapes = {row["id"]: shape(row["geometry"]) for row in rows}
    chance = random.Random(layer.key)
    west, south, east, north = (await get(manager, layer.key))["extent"]["spatial"]["bbox"][0]
    for _ in range(4):
        x = sorted(chance.uniform(west - 1e-4, east + 1e-4) for _ in range(2))
        y = sorted(chance.uniform(south - 1e-4, north + 1e-4) for _ in range(2))
        found = ids(await everything(manager, layer.key, bbox=f"{x[0]},{y[0]},{x[1]},{y[1]}"))
        assert found == {i for i, s in shapes.items() if s.intersects(box(x[0], y[0], x[1], y[1]))}
        low = chance.uniform(0, 20)
        found = ids(await everything(manager, layer.key, bbox=f"{x[0]},{y[0]},{low},{x[1]},{y[1]},{low + 5}"))
        expected = set()
        for row in rows:
            heights = [p[2] for p in _positions(row["geometry"]["coordinates"])]
            bottom, top = row["properties"].get("z_min"), row["properties"].get("z_max")
            bottom, top = min(heights) if bottom is None else bottom, max(heights) if top is None else top
            if bottom <= low + 5 and top >= low and shapes[row["id"]].intersects(box(x[0], y[0], x[1], y[1])):
                expected.add(row["id"])
        assert found == expected


def _positions(node: Any) -> list[list[float]]:
    return [node] if isinstance(node[0], int | float) else [p for child in node for p in _positions(child)]


@each
async def test_times_answer_like_brute_force(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    one = rows[len(rows) // 2]
    changed = await manager.patch(
        f"/api/spatial/{layer.key}/{one['id']}",
        json={"properties": {"note": "later"}},
        headers={"If-Match": f'"{one["properties"]["version"]}"'},
    )
    assert changed.status_code == 200, changed.text
    rows = await everything(manager, layer.key)
    moments = {row["id"]: datetime.fromisoformat(row["properties"][layer.datetime_field]) for row in rows}
    last = max(moments.values())
    before = (last - timedelta(microseconds=1)).isoformat()
    at = last.isoformat()
    cases = {
        at: lambda m: m == last,
        f"{at}/..": lambda m: m >= last,
        f"../{before}": lambda m: m < last,
        f"{before}/{at}": lambda m: m >= last - timedelta(microseconds=1),
        f"{last.date()}": lambda m: m.date() == last.date(),
        "../2001-01-01": lambda m: False,
    }
    for text, holds in cases.items():
        found = ids(await everything(manager, layer.key, datetime=text))
        assert found == {i for i, m in moments.items() if holds(m)}, text


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _cases(field: Field, values: list[Any]) -> list[tuple[str, Any]]:
    """CQL2 texts about a property, each with the same said in Python (of a value that is there)."""
    name, some = field.name, sorted({v for v in values if v is not None})
    found: list[tuple[str, Any]] = [(f"{name} IS NULL", lambda v: v is None)]
    if not some:
        return found
    mid = some[len(some) // 2]
    few = some[:: max(1, len(some) // 3)]
    if field.kind == "datetime":
        moment = f"TIMESTAMP('{mid}')"
        return [*found, (f"{name} >= {moment}", lambda v: v is not None and v >= mid)]
    found += [
        (f"{name} = {_literal(mid)}", lambda v: v == mid),
        (f"{name} IN ({', '.join(map(_literal, few))})", lambda v: v in few),
        (f"NOT ({name} <> {_literal(mid)})", lambda v: v == mid),
    ]
    if field.kind in ("integer", "number"):
        found.append(
            (f"{name} BETWEEN {some[0]} AND {mid} AND {name} < {mid}", lambda v: v is not None and some[0] <= v < mid)
        )
    if field.kind == "string" and mid:
        part = mid[: len(mid) // 2 + 1].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        plain = mid[: len(mid) // 2 + 1]
        found.append((f"{name} LIKE {_literal(part + '%')}", lambda v: v is not None and v.startswith(plain)))
        found.append(
            (f"CASEI({name}) = CASEI({_literal(mid.upper())})", lambda v: v is not None and v.lower() == mid.lower())
        )
    return found


@each
async def test_filters_on_every_property_answer_like_brute_force(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    for field in own_fields(layer):
        values = {row["id"]: row["properties"][field.name] for row in rows}
        for text, holds in _cases(field, list(values.values())):
            found = ids(await everything(manager, layer.key, filter=text))
            assert found == {i for i, v in values.items() if holds(v)}, text
        some = next((v for v in values.values() if v is not None), None)
        if some is not None and field.kind != "datetime":
            given = str(some).lower() if isinstance(some, bool) else some
            answer = await manager.get(f"/ogc/collections/{layer.key}/items", params={"limit": 9999, field.name: given})
            assert ids(answer.json()["features"]) == {i for i, v in values.items() if v == some}, field.name


@each
async def test_tiles_hold_the_same_features(manager: httpx.AsyncClient, layer: Layer) -> None:
    rows = await everything(manager, layer.key)
    told = await get(manager, f"{layer.key}/tiles/WebMercatorQuad")
    assert told["tilejson"] == "3.0.0" and told["vector_layers"][0]["id"] == layer.key
    centre = shape(rows[0]["geometry"]).centroid
    z = 11
    x, y = tile_of(centre.x, centre.y, z)
    url = told["tiles"][0].format(z=z, y=y, x=x)
    tile = await manager.get(url)
    assert tile.status_code == 200 and tile.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "immutable" in tile.headers["cache-control"]
    decoded = mapbox_vector_tile.decode(tile.content)
    assert list(decoded) == [layer.key]
    by_id = {row["id"]: row for row in rows}
    features = decoded[layer.key]["features"]
    kept = {f["properties"]["id"] for f in features}
    if layer.geometry == "Point":
        assert kept == set(by_id)
    else:  # what is smaller than a grid cell of this zoom may fall away
        assert kept <= set(by_id) and kept
    shown = [f.name for f in layer.all_fields if f.tile]
    assert set(told["vector_layers"][0]["fields"]) == {"id", *shown}
    for feature in features:
        full = by_id[feature["properties"].pop("id")]
        assert feature["id"] == int(full["id"][-12:], 16)
        present = {n: full["properties"][n] for n in shown if full["properties"][n] is not None}
        assert feature["properties"] == pytest.approx(present)
    zoomed = 17
    x, y = tile_of(centre.x, centre.y, zoomed)
    near = await manager.get(told["tiles"][0].format(z=zoomed, y=y, x=x))
    assert rows[0]["id"] in {
        f["properties"]["id"] for f in mapbox_vector_tile.decode(near.content)[layer.key]["features"]
    }
    assert (await manager.get(told["tiles"][0].format(z=z, y=0, x=0))).status_code == 204
    for outside in ("3/8/0", "3/0/8", "23/0/0"):
        answer = await manager.get(f"/ogc/collections/{layer.key}/tiles/WebMercatorQuad/{outside}")
        assert (answer.status_code, answer.json()["code"]) == (404, "tile_not_found")


@each
async def test_tags_and_tile_addresses_change_when_the_data_does(manager: httpx.AsyncClient, layer: Layer) -> None:
    row = (await everything(manager, layer.key))[0]
    item = f"/ogc/collections/{layer.key}/items/{row['id']}"
    items = f"/ogc/collections/{layer.key}/items?limit=1"
    told = await get(manager, f"{layer.key}/tiles/WebMercatorQuad")
    centre = shape(row["geometry"]).representative_point()
    x, y = tile_of(centre.x, centre.y, 17)
    tile = told["tiles"][0].format(z=17, y=y, x=x)
    tags = {}
    for url in (item, items, tile):
        answer = await manager.get(url)
        tags[url] = answer.headers["etag"]
        again = await manager.get(url, headers={"If-None-Match": tags[url]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tags[url]), url
    # The item's tag is the version that an edit is based on.
    name = row["properties"]["name"] + "·"
    url = f"/api/spatial/{layer.key}/{row['id']}"
    changed = await manager.patch(url, json={"properties": {"name": name}}, headers={"If-Match": tags[item]})
    assert changed.status_code == 200, changed.text
    for url in (item, items, tile):
        answer = await manager.get(url, headers={"If-None-Match": tags[url]})
        assert answer.status_code == 200 and answer.headers["etag"] != tags[url], url
    # The same address of the tile gives the new content, and is no longer kept for ever.
    decoded = mapbox_vector_tile.decode(answer.content)[layer.key]["features"]
    assert name in {f["properties"]["name"] for f in decoded} and "immutable" not in answer.headers["cache-control"]
    assert (await get(manager, f"{layer.key}/tiles/WebMercatorQuad"))["tiles"] != told["tiles"]


@pytest.mark.req("S5")
@each
async def test_another_enterprise_sees_nothing(
    manager: httpx.AsyncClient, stranger: httpx.AsyncClient, layer: Layer
) -> None:
    row = (await everything(manager, layer.key))[0]
    assert await everything(stranger, layer.key) == []
    assert await everything(stranger, layer.key, filter="code IS NOT NULL") == []
    answer = await stranger.get(f"/ogc/collections/{layer.key}/items/{row['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "feature_not_found")
    told = await get(stranger, layer.key)
    assert told["extent"] == {"spatial": {"crs": told["storageCrs"], "bbox": [[-180, -90, 180, 90]]}}
    centre = shape(row["geometry"]).representative_point()
    x, y = tile_of(centre.x, centre.y, 12)
    mine = await get(manager, f"{layer.key}/tiles/WebMercatorQuad")
    # The owner's tile is in memory now; its address must give the stranger nothing of it.
    assert (await manager.get(mine["tiles"][0].format(z=12, y=y, x=x))).status_code == 200
    assert (await stranger.get(mine["tiles"][0].format(z=12, y=y, x=x))).status_code == 204
    version = row["properties"]["version"]
    answer = await stranger.patch(f"/api/spatial/{layer.key}/{row['id']}", json={"version": version})
    assert answer.status_code == 404


@pytest.mark.req("S5")
@each
async def test_rights_are_those_of_the_declaration(
    manager: httpx.AsyncClient, client: httpx.AsyncClient, sign_in: SignIn, layer: Layer
) -> None:
    row = (await everything(manager, layer.key))[0]
    body = {"geometry": row["geometry"], "properties": {}}
    reader, outsider = await sign_in("employee"), await sign_in("security_admin")
    assert layer.read in (await reader.get("/api/auth/me")).json()["scopes"]
    assert (await reader.get(f"/ogc/collections/{layer.key}/items?limit=1")).status_code == 200
    refused = await reader.post(f"/api/spatial/{layer.key}", json=body)
    assert (refused.status_code, refused.json()["params"]["scope"]) == (403, layer.write)
    assert (await reader.delete(f"/api/spatial/{layer.key}/{row['id']}", headers={"If-Match": "1"})).status_code == 403
    for path in ("", "/items", f"/items/{row['id']}", "/queryables", "/legend", "/tiles/WebMercatorQuad/1/0/1"):
        url = f"/ogc/collections/{layer.key}{path}"
        assert (await outsider.get(url)).status_code == 403, url
        assert (await client.get(url)).status_code == 401, url
    listed = (await outsider.get("/ogc/collections")).json()["collections"]
    assert layer.key not in {c["id"] for c in listed}


@each
async def test_the_legend_speaks_both_languages(manager: httpx.AsyncClient, layer: Layer) -> None:
    for language, text in (("zh-CN", layer.title.zh), ("en", layer.title.en)):
        answer = await manager.get(f"/ogc/collections/{layer.key}/legend", headers={"Accept-Language": language})
        told = answer.json()
        assert (told["layer"], told["title"]) == (layer.key, text)
        assert told["entries"] == layer.legend(language) and all(e["text"] and e["colour"] for e in told["entries"])
