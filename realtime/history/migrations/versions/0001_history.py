"""Samples in day partitions, their tags, and what the writer last did."""

from alembic import op

from twin.db.rls import enable_rls, script
from twin.settings import get_settings

revision = "0001_history"
down_revision = None
branch_labels = ("history",)
depends_on = "0002_spatial"

# COPY FROM is refused by PostgreSQL on a table under row-level security, so ``sample`` has none: the app role may only
# add rows to it. It reads through ``history_sample``, which runs with its owner's rights and shows the samples of the
# tags of the enterprise that the unit of work has named. A security barrier lets only leakproof conditions (equality
# of numbers, comparison of times) sink below that check, so partitions are pruned and indexes used.
#
# The unique index is what makes a repeated delivery harmless: a spool that is drained twice doubles nothing.
_TABLES = """
CREATE TABLE tag (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    device_id uuid NOT NULL UNIQUE
);
CREATE INDEX ix_tag_enterprise_id ON tag (enterprise_id);

CREATE TABLE sample (
    tag_id integer NOT NULL,
    ts timestamptz NOT NULL,
    received timestamptz NOT NULL,
    value double precision NOT NULL,
    quality smallint NOT NULL
) PARTITION BY RANGE (ts);
CREATE UNIQUE INDEX uq_sample_tag_id_ts ON sample (tag_id, ts);

CREATE TABLE history_writer (
    name text PRIMARY KEY,
    alive_at timestamptz NOT NULL
);

CREATE VIEW history_sample WITH (security_barrier) AS
SELECT s.tag_id, s.ts, s.received, s.value, s.quality
FROM sample s JOIN tag t ON t.id = s.tag_id
WHERE t.enterprise_id = (SELECT NULLIF(NULLIF(current_setting('twin.enterprise', true), ''), '*')::uuid)
   OR (SELECT current_setting('twin.enterprise', true)) = '*';

-- Whether the unit of work may see a tag: asked once per call below, not once per row.
CREATE FUNCTION history_visible(tag integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT current_setting('twin.enterprise', true) = '*' OR EXISTS (
        SELECT 1 FROM tag t WHERE t.id = history_visible.tag
        AND t.enterprise_id::text = current_setting('twin.enterprise', true))
$$;

-- A LIMIT does not sink below a security barrier, so the newest sample has a way of its own.
CREATE FUNCTION history_latest(tag integer, before timestamptz)
RETURNS TABLE (ts timestamptz, received timestamptz, value double precision, quality smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.ts, s.received, s.value, s.quality FROM sample s
    WHERE s.tag_id = history_latest.tag AND s.ts < history_latest.before
      AND (SELECT history_visible(history_latest.tag))
    ORDER BY s.ts DESC LIMIT 1
$$;

-- n: usable samples (good or uncertain); last: the last usable value; state: the quality of the last sample of all.
-- ``since`` is the start of a step, so steps of equal length are counted from it (date_trunc costs twice as much).
-- The repeated limits and the custom plan leave only the partitions of the period to look into.
CREATE FUNCTION history_trend(tag integer, since timestamptz, until timestamptz, step text, zone text)
RETURNS TABLE (bucket timestamptz, n bigint, bad bigint, low double precision, high double precision,
               mean double precision, last double precision, state smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    width interval := CASE step WHEN 'minute' THEN interval '1 minute' WHEN 'hour' THEN interval '1 hour' END;
BEGIN
    IF NOT history_visible(tag) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT b.at, b.usable, b.every - b.usable, b.smallest, b.largest, b.total / NULLIF(b.usable, 0),
           CASE WHEN l.quality >= 0 THEN l.value
                WHEN b.usable > 0 THEN (SELECT s.value FROM sample s WHERE s.tag_id = tag AND s.ts >= since AND s.ts < until
                                        AND s.ts <= b.newest AND s.quality >= 0 ORDER BY s.ts DESC LIMIT 1) END,
           l.quality
    FROM (SELECT CASE WHEN width IS NULL THEN date_trunc(step, s.ts, zone) ELSE date_bin(width, s.ts, since) END AS at,
                 count(*) AS every,
                 count(*) FILTER (WHERE s.quality >= 0) AS usable,
                 min(s.value) FILTER (WHERE s.quality >= 0) AS smallest,
                 max(s.value) FILTER (WHERE s.quality >= 0) AS largest,
                 sum(s.value) FILTER (WHERE s.quality >= 0) AS total,
                 max(s.ts) AS newest
          FROM sample s WHERE s.tag_id = tag AND s.ts >= since AND s.ts < until GROUP BY 1) b
    CROSS JOIN LATERAL (SELECT s.value, s.quality FROM sample s
                        WHERE s.tag_id = tag AND s.ts >= since AND s.ts < until AND s.ts = b.newest) l
    ORDER BY 1;
END $$;

-- Making and dropping partitions is the owner's right; these two let the app role do just that.
CREATE FUNCTION history_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made integer := 0;
    name text;
    d date;
BEGIN
    IF last - first > 4000 THEN
        RAISE EXCEPTION 'too many partitions: % to %', first, last;
    END IF;
    PERFORM pg_advisory_xact_lock(7465120);
    FOR d IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        name := 'sample_' || to_char(d, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF sample FOR VALUES FROM (%L) TO (%L)', name,
                       d::timestamp AT TIME ZONE 'UTC', (d + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('REVOKE ALL ON %I FROM "@ROLE@"', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION history_drop(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r record;
BEGIN
    PERFORM pg_advisory_xact_lock(7465120);
    -- Waiting for the lock would hold up everybody who reads or writes behind us: the caller tries again later.
    SET LOCAL lock_timeout = '2s';
    FOR r IN SELECT day, name FROM history_days() WHERE day < before LOOP
        EXECUTE format('DROP TABLE %I', r.name);
        RETURN NEXT r.day;
    END LOOP;
END $$;

CREATE FUNCTION history_days() RETURNS TABLE (day date, name text, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD'), c.relname::text, pg_total_relation_size(c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'sample'::regclass ORDER BY 1
$$;
REVOKE ALL ON sample FROM "@ROLE@";
GRANT INSERT ON sample TO "@ROLE@";
REVOKE INSERT, UPDATE, DELETE ON history_sample FROM "@ROLE@";
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES.replace("@ROLE@", get_settings().app_role))
    enable_rls(op, "tag")
