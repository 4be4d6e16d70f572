"""SQL of accuracy: what the process notes, and what the accuracy page asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.tracking.clocks import GatewayClock


async def note(
    session: AsyncSession,
    enterprise: UUID,
    counts: Mapping[str, Any],
    gateways: Mapping[str, GatewayClock],
    at: datetime,
) -> None:
    """Note counters and the gateways' clocks."""
    await session.execute(
        text(
            "INSERT INTO positioning_state (enterprise_id, counts, at) VALUES (:e, CAST(:c AS jsonb), :at)"
            " ON CONFLICT (enterprise_id) DO UPDATE SET counts = excluded.counts, at = excluded.at"
        ),
        {"e": enterprise, "c": json.dumps(dict(counts)), "at": at},
    )
    rows = [(name, g) for name, g in gateways.items() if g.messages]
    await session.execute(
        text(
            "INSERT INTO positioning_gateway (enterprise_id, gateway, skew, correction, messages, last)"
            " SELECT :e, u.g, u.s, u.c, u.n, u.l FROM unnest(CAST(:g AS text[]), CAST(:s AS float8[]),"
            " CAST(:c AS float8[]), CAST(:n AS bigint[]), CAST(:l AS timestamptz[])) AS u (g, s, c, n, l)"
            " ON CONFLICT (enterprise_id, gateway) DO UPDATE SET skew = excluded.skew,"
            " correction = excluded.correction, messages = excluded.messages, last = excluded.last"
        ),
        {
            "e": enterprise, "g": [n for n, _ in rows], "s": [g.skew for _, g in rows],
            "c": [g.correction for _, g in rows], "n": [g.messages for _, g in rows],
            "l": [datetime.fromtimestamp(g.last, UTC) for _, g in rows],
        },
    )  # fmt: skip


async def zones(session: AsyncSession, start: datetime, end: datetime) -> list[Any]:
    """Per zone over [start, end): fixes, within, limit, worst window's r95 and delays (p50 weighted)."""
    rows = await session.execute(
        text(
            "SELECT a.zone, z.name, z.name_en, sum(a.fixes) AS fixes, sum(a.within) AS within, max(a.limit_m) AS limit_m,"
            " sum(a.r95 * a.fixes) / nullif(sum(a.fixes), 0) AS r95,"
            " sum(a.delay_p50 * a.fixes) / nullif(sum(a.fixes), 0) AS delay_p50, max(a.delay_p99) AS delay_p99,"
            " max(a.ts) AS at FROM accuracy_history a LEFT JOIN zone z ON z.code = a.zone"
            " WHERE a.ts >= :a AND a.ts < :b GROUP BY 1, 2, 3 ORDER BY 1"
        ),
        {"a": start, "b": end},
    )
    return list(rows)


async def series(session: AsyncSession, zone: str, start: datetime, end: datetime, step_s: int) -> list[Any]:
    """One zone's figures over steps of ``step_s`` seconds."""
    rows = await session.execute(
        text(
            "SELECT date_bin(make_interval(secs => :s), ts, :a) AS at, sum(fixes) AS fixes, sum(within) AS within,"
            " max(r95) AS r95, max(delay_p99) AS delay_p99 FROM accuracy_history"
            " WHERE zone = :z AND ts >= :a AND ts < :b GROUP BY 1 ORDER BY 1"
        ),
        {"z": zone, "a": start, "b": end, "s": step_s},
    )
    return list(rows)


async def anchors(session: AsyncSession, since: datetime) -> list[Any]:
    """The newest health of each anchor, with its name and place."""
    rows = await session.execute(
        text(
            "SELECT a.id, a.code, a.name, a.name_en, a.kind, a.floor_code, a.zone_code, ST_X(a.geom) AS lon,"
            " ST_Y(a.geom) AS lat, h.ts, h.count, h.reject_share, h.residual_mean, h.residual_rms, h.silent, h.state"
            " FROM anchor a LEFT JOIN (SELECT DISTINCT ON (anchor) * FROM anchor_history WHERE ts >= :s"
            " ORDER BY anchor, ts DESC) h ON h.anchor = a.code ORDER BY a.code"
        ),
        {"s": since},
    )
    return list(rows)


async def gateways(session: AsyncSession) -> list[Any]:
    """Every gateway that was ever heard, with its clock."""
    rows = await session.execute(
        text("SELECT gateway, skew, correction, messages, last FROM positioning_gateway ORDER BY gateway LIMIT 1000")
    )
    return list(rows)


async def state(session: AsyncSession) -> Any | None:
    """What the process last said of itself."""
    return (await session.execute(text("SELECT counts, at FROM positioning_state LIMIT 1"))).one_or_none()


async def set_limit(session: AsyncSession, enterprise: UUID, zone: str, limit: float | None, at: datetime) -> bool:
    """Set a zone's limit in m, or take it back (None); False when there is no such zone."""
    known = await session.execute(text("SELECT 1 FROM zone WHERE code = :z LIMIT 1"), {"z": zone})
    if known.one_or_none() is None:
        return False
    if limit is None:
        await session.execute(text("DELETE FROM positioning_limit WHERE zone_code = :z"), {"z": zone})
    else:
        await session.execute(
            text(
                "INSERT INTO positioning_limit (enterprise_id, zone_code, limit_m, updated_at) VALUES (:e, :z, :l, :at)"
                " ON CONFLICT (enterprise_id, zone_code) DO UPDATE SET limit_m = excluded.limit_m,"
                " updated_at = excluded.updated_at"
            ),
            {"e": enterprise, "z": zone, "l": limit, "at": at},
        )
    return True


async def floor_anchors(session: AsyncSession, floor: str) -> tuple[Any | None, list[Any]]:
    """A floor (bounds in degrees, bottom) and the ranging anchors on it (lon, lat, h)."""
    found = (
        await session.execute(
            text(
                "SELECT f.code, ST_XMin(f.geom) AS w, ST_YMin(f.geom) AS s, ST_XMax(f.geom) AS e, ST_YMax(f.geom) AS n,"
                " coalesce(f.z_min, ST_ZMin(f.geom)) AS z, s.crs, s.origin_lon, s.origin_lat, s.origin_h"
                " FROM floor f JOIN site s ON s.id = f.site_id WHERE f.code = :c LIMIT 1"
            ),
            {"c": floor},
        )
    ).one_or_none()
    rows = await session.execute(
        text(
            "SELECT code, ST_X(geom) AS lon, ST_Y(geom) AS lat, ST_Z(geom) AS h FROM anchor"
            " WHERE floor_code = :c AND kind = 'uwb' ORDER BY code"
        ),
        {"c": floor},
    )
    return found, list(rows)
