"""A day by minute without gathering minutes that come once each."""

from alembic import op

from twin.db.rls import script

revision = "0005_history_minutes"
down_revision = "0004_history_second"
branch_labels = None
depends_on = None

# history_minutes is for history_steps alone, which asks whether the tag is in sight. Two aggregates in order of time for each of 1,440
# minutes took half of the time of a day by minute.
_FUNCTIONS = """
CREATE FUNCTION history_minutes(tag integer, since timestamptz, until timestamptz)
RETURNS TABLE (at timestamptz, n integer, usable integer, low double precision, high double precision,
               total double precision, last double precision, state smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    begins timestamptz[];
    ends timestamptz[];
BEGIN
    -- The stretches between the hours that are rolled: raw samples.
    SELECT array_agg(g.a), array_agg(g.b) INTO begins, ends FROM (
        SELECT lag(h.hour + interval '1 hour', 1, since) OVER (ORDER BY h.hour) AS a, h.hour AS b
        FROM (SELECT s.hour FROM sample_hour s WHERE s.tag_id = tag AND s.hour >= since
                AND s.hour <= until - interval '1 hour' UNION ALL SELECT until) h) g
    WHERE g.a < g.b;
    RETURN QUERY
    SELECT s.hour + m.minute * interval '1 minute', m.n::integer, m.usable::integer, m.low, m.high, m.total, m.last, m.state
    FROM sample_hour s CROSS JOIN LATERAL unnest(s.minute, s.n, s.usable, s.low, s.high, s.total, s.last, s.state)
        AS m (minute, n, usable, low, high, total, last, state)
    WHERE s.tag_id = tag AND s.hour >= since AND s.hour <= until - interval '1 hour';
    IF begins IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT b.at, b.n, b.usable, b.low, b.high, b.total,
           CASE WHEN l.quality >= 0 THEN l.value
                WHEN b.usable > 0 THEN (SELECT s.value FROM sample s WHERE s.tag_id = tag AND s.ts >= b.at
                    AND s.ts <= b.newest AND s.ts >= since AND s.ts < until AND s.quality >= 0
                    ORDER BY s.ts DESC LIMIT 1) END,
           l.quality
    FROM (SELECT date_bin(interval '1 minute', s.ts, since) AS at, count(*)::integer AS n,
                 (count(*) FILTER (WHERE s.quality >= 0))::integer AS usable,
                 min(s.value) FILTER (WHERE s.quality >= 0) AS low,
                 max(s.value) FILTER (WHERE s.quality >= 0) AS high,
                 sum(s.value) FILTER (WHERE s.quality >= 0) AS total, max(s.ts) AS newest
          FROM unnest(begins, ends) AS g (a, b)
          JOIN sample s ON s.tag_id = tag AND s.ts >= g.a AND s.ts < g.b AND s.ts >= since AND s.ts < until
          GROUP BY 1) b
    CROSS JOIN LATERAL (SELECT s.value, s.quality FROM sample s
                        WHERE s.tag_id = tag AND s.ts = b.newest AND s.ts >= since AND s.ts < until) l;
END $$;
REVOKE ALL ON FUNCTION history_minutes(integer, timestamptz, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION history_steps(tag integer, since timestamptz, until timestamptz, step text, zone text)
RETURNS TABLE (bucket timestamptz, n bigint, usable bigint, low double precision, high double precision,
               total double precision, last double precision, state smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    width interval := CASE step WHEN 'minute' THEN interval '1 minute' WHEN 'hour' THEN interval '1 hour' END;
BEGIN
    IF NOT history_visible(tag) THEN
        RETURN;
    END IF;
    IF step = 'minute' AND date_trunc('minute', since) = since THEN
        RETURN QUERY SELECT m.at, m.n::bigint, m.usable::bigint, m.low, m.high, m.total,
                            CASE WHEN m.usable > 0 THEN m.last END, m.state
                     FROM history_minutes(tag, since, until) m ORDER BY m.at;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT CASE WHEN width IS NULL THEN date_trunc(replace(step, 'trunc ', ''), m.at, zone) ELSE date_bin(width, m.at, since) END,
           sum(m.n), sum(m.usable), min(m.low), max(m.high), sum(m.total),
           (array_agg(m.last ORDER BY m.at DESC) FILTER (WHERE m.usable > 0))[1],
           (array_agg(m.state ORDER BY m.at DESC))[1]
    FROM history_minutes(tag, since, until) m GROUP BY 1 ORDER BY 1;
END $$;
"""


def upgrade() -> None:
    """Apply."""
    script(op, _FUNCTIONS)
