"""SQL of the live list of measuring points: filtered, sorted and cut into pages by the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history.samples import UNCERTAIN

#: What needs eyes comes first; by tag: a point whose whole tag is asked for, of however many that hold it.
SORTS = {
    "tag": "lower(b.tag) IS DISTINCT FROM lower(CAST(:whole AS text)),",
    "name": "b.name,",
    "kind": "b.kind,",
    "zone": "b.zone_code NULLS LAST,",
    "state": "b.grade NULLS LAST, array_position(ARRAY['bad', 'none', 'uncertain', 'good'], b.quality),",
}
_LIST = """WITH RECURSIVE wanted(code) AS (
    SELECT unnest(CAST(:zones AS text[])) UNION SELECT z.code FROM zone z JOIN wanted w ON z.parent_code = w.code),
base AS MATERIALIZED (
    SELECT d.id, d.tag, d.code, d.name, d.name_en, d.kind, d.zone_code, d.unit_text, h.ts,
        CASE WHEN h.quality >= 0 THEN h.value END AS value, a.grade,
        CASE WHEN h.tag_id IS NULL THEN 'none' WHEN h.quality < 0 THEN 'bad' WHEN h.quality >= :uncertain THEN 'uncertain'
            ELSE 'good' END AS quality
    FROM device d LEFT JOIN tag t ON t.device_id = d.id LEFT JOIN history_second('infinity') h ON h.tag_id = t.id
    LEFT JOIN (SELECT subject_id, min(grade) AS grade FROM alarm WHERE active AND subject_layer = 'device' GROUP BY 1) a
        ON a.subject_id = d.id
    WHERE (CAST(:zones AS text[]) IS NULL OR d.zone_code IN (SELECT code FROM wanted))
        AND (CAST(:kind AS text) IS NULL OR d.kind = :kind)
        AND (CAST(:q AS text) IS NULL OR concat_ws(' ', d.tag, d.code, d.name, d.name_en) ILIKE :q)),
counts AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE quality = 'good') AS good,
        count(*) FILTER (WHERE quality = 'uncertain') AS uncertain, count(*) FILTER (WHERE quality = 'bad') AS bad,
        count(*) FILTER (WHERE quality = 'none') AS none, count(grade) AS alarm,
        count(*) FILTER (WHERE {state}) AS found FROM base b)
SELECT c.total, c.good, c.uncertain, c.bad, c.none, c.alarm, c.found, p.*
FROM counts c LEFT JOIN (
    SELECT * FROM base b WHERE {state} ORDER BY {sort} {tag}, b.id LIMIT :limit OFFSET :offset) p ON true"""
#: TI-9 comes before TI-10.
_TAG = r"regexp_replace(b.tag, '\d.*$', ''), CAST(substring(b.tag FROM '\d+') AS numeric) NULLS FIRST, b.tag"
_STATE = (
    "(CAST(:states AS text[]) IS NULL OR b.quality = ANY(CAST(:states AS text[]))"
    " OR ('alarm' = ANY(CAST(:states AS text[])) AND b.grade IS NOT NULL))"
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None: all. ``zones`` include all zones in them; ``states``: qualities, or ``alarm``."""

    zones: Sequence[str] | None = None
    kind: str | None = None
    word: str | None = None
    states: Sequence[str] | None = None
    sort: str = "tag"
    page: int = 1
    limit: int = 50


async def points(session: AsyncSession, wanted: Wanted) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Numbers (total, by state; ``found``: in those states) and the rows of a page.

    A page by its number: to count the states every point is looked at anyway. The caller holds partitions.
    """
    word = None
    if wanted.word:
        word = "%" + wanted.word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await session.execute(
        text(_LIST.format(state=_STATE, sort=SORTS[wanted.sort], tag=_TAG)),
        {
            "zones": None if wanted.zones is None else list(wanted.zones), "kind": wanted.kind, "q": word, "whole": wanted.word,
            "states": None if wanted.states is None else list(wanted.states), "uncertain": UNCERTAIN,
            "limit": wanted.limit, "offset": (wanted.page - 1) * wanted.limit,
        },
    )  # fmt: skip
    found = [dict(row) for row in rows.mappings()]
    names = ("total", "good", "uncertain", "bad", "none", "alarm", "found")
    counts = {name: int(found[0][name]) for name in names}
    return counts, [{k: v for k, v in row.items() if k not in names} for row in found if row["id"] is not None]
