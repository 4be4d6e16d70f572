"""SQL of alarm statistics and analysis. Every figure can be traced to alarm ids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_SPAN = "at >= :start AND at < :end"


async def _rows(session: AsyncSession, query: str, **params: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in (await session.execute(text(query), params)).mappings()]


async def totals(session: AsyncSession, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Counts by type, grade, area and handled or not, in one pass."""
    return await _rows(
        session,
        "SELECT type, grade, zone_code, handled_at IS NOT NULL AS handled, count(*) AS n FROM alarm"
        f" WHERE {_SPAN} GROUP BY 1, 2, 3, 4",
        start=start,
        end=end,
    )


async def daily(session: AsyncSession, start: datetime, end: datetime, timezone: str) -> list[dict[str, Any]]:
    """Alarms of every day of the span on the site's clock, days without any included."""
    return await _rows(
        session,
        "WITH d AS (SELECT (at AT TIME ZONE :tz)::date AS day, count(*) AS n, count(handled_at) AS handled FROM alarm"
        f" WHERE {_SPAN} GROUP BY 1) SELECT s::date AS day, COALESCE(d.n, 0) AS n, COALESCE(d.handled, 0) AS handled"
        " FROM generate_series(CAST((CAST(:start AS timestamptz) AT TIME ZONE :tz) AS date),"
        " CAST((CAST(:end AS timestamptz) AT TIME ZONE :tz) AS date), interval '1 day') s"
        " LEFT JOIN d ON d.day = s::date ORDER BY 1",
        start=start,
        end=end,
        tz=timezone,
    )


async def top(session: AsyncSession, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """The points with the most alarms."""
    return await _rows(
        session,
        "SELECT subject_id, max(subject_name) AS name, max(zone_code) AS zone, count(*) AS n, max(at) AS last"
        f" FROM alarm WHERE {_SPAN} AND source = 'point' GROUP BY subject_id ORDER BY n DESC, name LIMIT :limit",
        start=start,
        end=end,
        limit=limit,
    )


async def times(session: AsyncSession, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Seconds to acknowledge and to handle by grade: mean, median, 95th percentile."""
    return await _rows(
        session,
        "SELECT grade, count(ack) AS acknowledged, avg(ack) AS ack_mean,"
        " percentile_cont(0.5) WITHIN GROUP (ORDER BY ack) AS ack_p50,"
        " percentile_cont(0.95) WITHIN GROUP (ORDER BY ack) AS ack_p95, count(done) AS handled, avg(done) AS handle_mean,"
        " percentile_cont(0.5) WITHIN GROUP (ORDER BY done) AS handle_p50,"
        " percentile_cont(0.95) WITHIN GROUP (ORDER BY done) AS handle_p95 FROM (SELECT grade,"
        " CAST(extract(epoch FROM acknowledged_at - raised_at) AS float8) AS ack,"
        " CAST(extract(epoch FROM handled_at - raised_at) AS float8) AS done"
        f" FROM alarm WHERE {_SPAN}) t GROUP BY grade ORDER BY grade",
        start=start,
        end=end,
    )


async def standing(session: AsyncSession, now: datetime, hours: float, limit: int) -> list[dict[str, Any]]:
    """Alarms whose condition has stood for longer than ``hours``."""
    return await _rows(
        session,
        "SELECT key, max(subject_name) AS name, 1 AS n, array_agg(id) AS ids, min(at) AS first, max(at) AS last,"
        " CAST(extract(epoch FROM :now - min(at)) AS float8) AS seconds FROM alarm"
        " WHERE active AND at < :now - make_interval(hours => 1) * :hours"
        " GROUP BY key ORDER BY first LIMIT :limit",
        now=now,
        hours=hours,
        limit=limit,
    )


async def chattering(session: AsyncSession, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """Conditions that came three times or more within a minute; ``n``: how many activations lie in such minutes."""
    return await _rows(
        session,
        "WITH a AS (SELECT id, key, subject_name, at, at - lag(at, 2) OVER w <= interval '1 minute' AS third,"
        " lead(at, 1) OVER w - lag(at, 1) OVER w <= interval '1 minute' AS second,"
        f" lead(at, 2) OVER w - at <= interval '1 minute' AS first FROM alarm WHERE {_SPAN}"
        " WINDOW w AS (PARTITION BY key ORDER BY at, id))"
        " SELECT key, max(subject_name) AS name, count(*) AS n, array_agg(id ORDER BY at) AS ids, min(at) AS first,"
        " max(at) AS last, CAST(NULL AS float8) AS seconds FROM a WHERE third OR second OR first GROUP BY key"
        " ORDER BY n DESC, key LIMIT :limit",
        start=start,
        end=end,
        limit=limit,
    )


async def fleeting(
    session: AsyncSession, start: datetime, end: datetime, seconds: float, limit: int
) -> list[dict[str, Any]]:
    """Conditions that went again within ``seconds``, before anybody could act."""
    return await _rows(
        session,
        "SELECT key, max(subject_name) AS name, count(*) AS n, array_agg(id ORDER BY at) AS ids, min(at) AS first,"
        " max(at) AS last, avg(CAST(extract(epoch FROM returned_at - at) AS float8)) AS seconds FROM alarm"
        f" WHERE {_SPAN} AND returned_at - at < make_interval(secs => :seconds) GROUP BY key"
        " ORDER BY n DESC, key LIMIT :limit",
        start=start,
        end=end,
        seconds=seconds,
        limit=limit,
    )


async def repeating(
    session: AsyncSession, start: datetime, end: datetime, least: int, limit: int
) -> list[dict[str, Any]]:
    """Conditions that came on one day ``least`` times or more."""
    return await _rows(
        session,
        "SELECT key, max(name) AS name, sum(n) AS n, array_agg(id ORDER BY at) AS ids, min(at) AS first, max(at) AS last,"
        " CAST(NULL AS float8) AS seconds FROM (SELECT id, key, subject_name AS name, at, 1 AS n,"
        f" count(*) OVER (PARTITION BY key, date_trunc('day', at)) AS that_day FROM alarm WHERE {_SPAN}) d"
        " WHERE that_day >= :least GROUP BY key ORDER BY n DESC, key LIMIT :limit",
        start=start,
        end=end,
        least=least,
        limit=limit,
    )


async def per_ten_minutes(session: AsyncSession, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Annunciated alarms per ten minutes (those held back are not); only periods with any."""
    return await _rows(
        session,
        f"SELECT date_bin('10 minutes', at, :start) AS start, count(*) AS n FROM alarm WHERE {_SPAN}"
        " AND hold_reason = '' GROUP BY 1 ORDER BY 1",
        start=start,
        end=end,
    )


async def pairs(
    session: AsyncSession, start: datetime, end: datetime, window_s: float, least: int, limit: int
) -> list[dict[str, Any]]:
    """Pairs of conditions of which the second follows the first within the window, by lift.

    ``n``: activations of the first that were followed; ``lift``: how many times more often than if the second came
    independently of the first; ``lag``: median seconds between them. Only the most frequent 300 conditions are paired.
    """
    return await _rows(
        session,
        "WITH often AS MATERIALIZED (SELECT key FROM alarm"
        f" WHERE {_SPAN} GROUP BY key HAVING count(*) >= :least ORDER BY count(*) DESC LIMIT 300),"
        " e AS MATERIALIZED (SELECT a.id, a.key, a.subject_name AS name, a.at FROM alarm a JOIN often USING (key)"
        f" WHERE {_SPAN}), total AS (SELECT key, count(*) AS n, max(name) AS name FROM e GROUP BY key),"
        " f AS (SELECT DISTINCT ON (x.id, y.key) x.id AS first_id, x.key AS first, y.key AS second, y.id AS second_id,"
        " CAST(extract(epoch FROM y.at - x.at) AS float8) AS lag FROM e x JOIN e y ON y.key <> x.key AND y.at > x.at"
        " AND y.at <= x.at + make_interval(secs => :window) ORDER BY x.id, y.key, y.at),"
        " g AS (SELECT first, second, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY lag) AS lag,"
        " (array_agg(first_id))[1:50] AS first_ids, (array_agg(second_id))[1:50] AS second_ids FROM f"
        " GROUP BY first, second HAVING count(*) >= :least),"
        " r AS (SELECT g.*, a.name AS first_name, b.name AS second_name, a.n AS first_n, b.n AS second_n,"
        " CAST(g.n AS float8) / a.n AS share,"
        " (CAST(g.n AS float8) / a.n) / (1 - exp(-b.n * CAST(:window AS float8) / :span)) AS lift"
        " FROM g JOIN total a ON a.key = g.first JOIN total b ON b.key = g.second)"
        " SELECT * FROM r ORDER BY lift * sqrt(n) DESC, first LIMIT :limit",
        start=start,
        end=end,
        window=window_s,
        least=least,
        limit=limit,
        span=max(1.0, (end - start).total_seconds()),
    )


async def oldest(session: AsyncSession) -> dict[str, Any]:
    """The oldest alarm, days that hold any, and bytes of the table."""
    (row,) = await _rows(
        session,
        "SELECT min(at) AS oldest, count(DISTINCT (at AT TIME ZONE 'UTC')::date) AS days,"
        " pg_total_relation_size('alarm') AS bytes FROM alarm",
    )
    return row


async def prune(session: AsyncSession, before: datetime) -> int:
    """Delete closed alarms whose condition ended before an instant; how many."""
    found = await session.execute(
        text("DELETE FROM alarm WHERE status = 'closed' AND returned_at < :b AND handled_at < :b"), {"b": before}
    )
    return int(getattr(found, "rowcount", 0))
