"""Queries of the OGC API: a page is one statement whose answer is the text that the client gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tiles.features.errors import QueryInvalid
from tiles.features.query import ItemsQuery
from tiles.features.repository_filter import _CAST, Params, Translator, column, kind_of
from twin.db import reads
from twin.db.features import DIGITS
from twin.registry.layer import Field, Layer


def version_sql(topics: str) -> str:
    """SQL (text) of the version key of layers; ``topics`` is a placeholder of their topics (text[]).

    It is the newest sequence number, plus the count of committed changes that have none yet: so it changes in the very
    transaction that changes the data, and a client that has just written never gets its old page back.
    """
    return (
        f"(SELECT COALESCE(max(h.seq), 0)::text FROM layer_head h WHERE h.topic = ANY({topics})) || "
        f"(SELECT CASE count(*) WHEN 0 THEN '' ELSE '.' || count(*) END FROM outbox o"
        f" WHERE o.seq IS NULL AND o.topic = ANY({topics}))"
    )


def feature_text_sql(layer: Layer, geometry: str = "geom") -> str:
    """SQL (text) of a feature: what ``twin.db.features.feature_sql`` builds, compact, in two thirds of the time.

    One ``concat`` writes the text once, where nested ``json_build_object`` parses and copies it at each level (measured).
    The contract tests hold the two against each other over every layer: events come from one, pages from the other.
    """
    parts = [f"""'{{"type":"Feature","id":"', id, '","geometry":', ST_AsGeoJSON({geometry}, {DIGITS}, 0)"""]
    for number, field in enumerate(layer.all_fields):
        value = f"COALESCE(to_json({_json_value(field)})::text, 'null')"
        start = "," if number else ',"properties":{'
        parts.append(f"""'{start}"{field.name}":', {value}""")
    return f"concat({', '.join(parts)}, '}}}}')"


def _json_value(field: Field) -> str:
    if field.kind == "datetime":
        return f'to_char("{field.name}" AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\')'
    return f'"{field.name}"'


@dataclass(frozen=True)
class Page:
    """A page: the features' JSON joined by commas, how many, and the sort values of the last one when more follow."""

    version: str
    body: bytes
    count: int
    last: bytes | None


async def version(enterprise_id: UUID, layers: Sequence[Layer]) -> str:
    """The version key of layers (see :func:`version_sql`)."""
    ((found,),) = await reads.fetch(
        enterprise_id,
        "SELECT " + version_sql("%(topics)s"),
        {"topics": [layer.topic for layer in layers]},
        same_plan=True,
    )
    return (found or b"0").decode()


async def versions(enterprise_id: UUID, layers: Sequence[Layer]) -> list[str]:
    """The version key of each layer by itself, in one query."""
    rows = await reads.fetch(
        enterprise_id,
        f"SELECT {version_sql('ARRAY[t.topic]')}"
        " FROM unnest(CAST(%(topics)s AS text[])) WITH ORDINALITY AS t (topic, n) ORDER BY t.n",
        {"topics": [layer.topic for layer in layers]},
    )
    return [(row[0] or b"0").decode() for row in rows]


async def page(enterprise_id: UUID, layer: Layer, query: ItemsQuery) -> Page:
    """A page of features in the order of the sort keys, then of the ids.

    Raises:
        QueryInvalid: the filter does not hold.
        Unavailable: the database does not answer, or the filter takes too long.
    """
    params = Params()
    where = _where(layer, query, params)
    params.values |= {"limit": query.limit, "topics": [layer.topic]}
    statement = _page_sql(layer, where, _order(query), _key(layer, query), query.crs.geometry_sql)
    try:
        ((found, count, body, last),) = await reads.fetch(enterprise_id, statement, params.values)
    except reads.QueryRefused as error:
        raise QueryInvalid.of("filter", "query_refused") from error
    number = int(count or 0)
    return Page((found or b"0").decode(), body or b"", min(number, query.limit), last if number > query.limit else None)


def _page_sql(layer: Layer, where: str, order: str, key: str, geometry: str) -> str:
    # Sorted and cut first, so that only the page's own rows become JSON; the one row too many tells that more follow.
    return (
        f"SELECT {version_sql('%(topics)s')}, q.* FROM (SELECT count(*),"
        f" string_agg({feature_text_sql(layer, geometry)}, ',' ORDER BY i) FILTER (WHERE i <= %(limit)s),"
        f" string_agg({key}, '') FILTER (WHERE i = %(limit)s)"
        f" FROM (SELECT *, row_number() OVER () AS i FROM"
        f" (SELECT * FROM {layer.table} WHERE {where} ORDER BY {order} LIMIT %(limit)s + 1) s) p) q"
    )


def _where(layer: Layer, query: ItemsQuery, params: Params) -> str:
    parts = ["true"]
    if query.area is not None:
        parts.append(f"ST_Intersects(geom, {params.geometry(query.area)})")
    if query.heights is not None:
        low, high = _height_columns(layer)
        parts.append(f"{low} <= {params.bind(query.heights[1], 'double precision')}")
        parts.append(f"{high} >= {params.bind(query.heights[0], 'double precision')}")
    if query.interval is not None:
        first, last = query.interval
        name = column(layer.datetime_field)
        parts += [f"{name} >= {params.bind(first, 'timestamptz')}"] if first else []
        parts += [f"{name} <= {params.bind(last, 'timestamptz')}"] if last else []
    for declared, value in query.equal:
        name = "id" if declared is None else declared.name
        kind = kind_of(layer, name) or "string"
        if kind == "datetime":
            low, high = (params.bind(v, "timestamptz") for v in value)
            parts.append(f"{column(name)} BETWEEN {low} AND {high}")
        else:
            parts.append(f"{column(name)} = {params.bind(value, _CAST[kind])}")
    if query.condition is not None:
        parts.append(Translator(layer, params, query.filter_crs).condition(query.condition))
    if query.after is not None:
        parts.append(_after(layer, query, params))
    return " AND ".join(parts)


def _height_columns(layer: Layer) -> tuple[str, str]:
    """Lower and upper end of a feature: its own height range where it has one, else its geometry's."""
    if layer.field("z_min") and layer.field("z_max"):
        return "COALESCE(z_min, ST_ZMin(geom))", "COALESCE(z_max, ST_ZMax(geom))"
    return "ST_ZMin(geom)", "ST_ZMax(geom)"


def _order(query: ItemsQuery) -> str:
    keys = [f"{_sorted(k.name)} {'DESC' if k.descending else 'ASC'} NULLS LAST" for k in query.sort]
    return ", ".join([*keys, "id"])


def _sorted(name: str) -> str:
    return "id" if name == "id" else f'"{name}"'


def _key(layer: Layer, query: ItemsQuery) -> str:
    """SQL of the last row's sort values: a JSON array, texts of instants to the microsecond."""
    values = []
    for key in query.sort:
        name = _sorted(key.name)
        if kind_of(layer, key.name) == "datetime":
            name = f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        values.append(name)
    return f"json_build_array({', '.join([*values, 'id'])})::text"


def _after(layer: Layer, query: ItemsQuery, params: Params) -> str:
    """The rows behind the last one of the page before: keyset paging with NULLs last in both directions."""
    assert query.after is not None
    id_ = f"id > {params.bind(_uuid(query.after[-1]), 'uuid')}"
    if not query.sort:
        return id_
    alternatives: list[str] = []
    equal: list[str] = []
    for key, value in zip(query.sort, query.after, strict=False):
        name = _sorted(key.name)
        if value is None:
            equal.append(f"{name} IS NULL")
            continue
        cast = "uuid" if key.name == "id" else _CAST[kind_of(layer, key.name) or "string"]
        bound = params.bind(_uuid(value) if key.name == "id" else value, cast)
        behind = f"({name} {'<' if key.descending else '>'} {bound} OR {name} IS NULL)"
        alternatives.append(" AND ".join([*equal, behind]))
        equal.append(f"{name} = {bound}")
    alternatives.append(" AND ".join([*equal, id_]))
    return "(" + " OR ".join(f"({a})" for a in alternatives) + ")"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise QueryInvalid.of("next", "query_next") from None


def _item_sql(layer: Layer, geometry: str) -> str:
    return f"SELECT {feature_text_sql(layer, geometry)}, version FROM {layer.table} WHERE id = CAST(%(id)s AS uuid)"


async def item(enterprise_id: UUID, layer: Layer, feature_id: UUID, geometry: str = "geom") -> tuple[bytes, int] | None:
    """A feature's JSON and version, or None when it is not there (or not this enterprise's)."""
    rows = await reads.fetch(enterprise_id, _item_sql(layer, geometry), {"id": feature_id})
    return (rows[0][0] or b"", int(rows[0][1] or 0)) if rows else None


async def site_crs(enterprise_id: UUID) -> list[int]:
    """EPSG codes of the enterprise's sites."""
    rows = await reads.fetch(enterprise_id, "SELECT DISTINCT crs FROM site ORDER BY crs")
    return [int(row[0]) for row in rows if row[0] is not None]


@dataclass(frozen=True)
class Extent:
    """West, south, lowest, east, north, highest (EPSG:4326, metres) and the times; None when the layer is empty."""

    box: tuple[float, float, float, float, float, float] | None
    times: tuple[str, str] | None


async def extents(enterprise_id: UUID, layers: Sequence[Layer]) -> list[Extent]:
    """Extents of layers in one query."""
    each = [
        f"SELECT {n} AS n, ST_3DExtent(geom) AS e, min({column(layer.datetime_field)}) AS a,"
        f" max({column(layer.datetime_field)}) AS b FROM {layer.table}"
        for n, layer in enumerate(layers)
    ]
    stamp = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    rows = await reads.fetch(
        enterprise_id,
        "SELECT json_build_array(ST_XMin(e), ST_YMin(e), ST_ZMin(e), ST_XMax(e), ST_YMax(e), ST_ZMax(e),"
        f" {stamp.format('a')}, {stamp.format('b')})::text FROM ({' UNION ALL '.join(each)}) x ORDER BY n",
    )
    found = []
    for (text,) in rows:
        values: list[Any] = json.loads(text or b"[]")
        there = values[0] is not None
        found.append(Extent(tuple(values[:6]) if there else None, (values[6], values[7]) if there else None))
    return found
