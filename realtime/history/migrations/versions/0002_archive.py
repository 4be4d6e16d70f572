"""Hour roll-ups, days that are sealed to Parquet, retention per class and the refresh rate of live values."""

from alembic import op

from twin.db.rls import enable_rls, script
from twin.settings import get_settings

revision = "0002_history_archive"
down_revision = "0001_history"
branch_labels = None
depends_on = None

# Roll-ups (``sample_hour``): one row per tag and hour with arrays of its minutes, made once when the hour is over. A row
# that is there is exact: whoever adds a sample to an hour that is rolled deletes the row in the same transaction, and
# the reader takes raw samples where there is none.
#
# Two advisory locks make that hold. Every writer holds K1 (7465121) shared; who marks an hour as rolled or a day as
# being sealed holds it alone for that instant, so every writer has either committed before the mark or sees it. Writers
# into marked hours also hold K2 (7465122) shared; who makes roll-ups holds K2 alone, so the stream of new samples,
# which are in no marked hour, never waits.
#
# ``history_day.late`` counts the writes into a day since it was marked: a seal holds only if none came in while the
# files were written.
_TABLES = """
CREATE TABLE sample_hour (
    tag_id integer NOT NULL,
    hour timestamptz NOT NULL,
    minute smallint[] NOT NULL,
    n integer[] NOT NULL,
    usable integer[] NOT NULL,
    low double precision[] NOT NULL,
    high double precision[] NOT NULL,
    total double precision[] NOT NULL,
    last double precision[] NOT NULL,
    state smallint[] NOT NULL
) PARTITION BY RANGE (hour);
CREATE UNIQUE INDEX uq_sample_hour_tag_id_hour ON sample_hour (tag_id, hour);

CREATE TABLE history_rolled (
    hour timestamptz PRIMARY KEY,
    done boolean NOT NULL DEFAULT false
);

-- generation 0: not sealed (yet). ``late`` above ``late_sealed``: samples wait in the database to be merged in.
CREATE TABLE history_day (
    day date PRIMARY KEY,
    generation integer NOT NULL DEFAULT 0,
    late bigint NOT NULL DEFAULT 0,
    late_sealed bigint NOT NULL DEFAULT 0,
    rows bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    files jsonb NOT NULL DEFAULT '{}',
    sealed_at timestamptz
);

-- The newest sealed sample of each tag, so that "the latest value" never opens a file.
CREATE TABLE history_newest (
    tag_id integer PRIMARY KEY,
    ts timestamptz NOT NULL,
    received timestamptz NOT NULL,
    value double precision NOT NULL,
    quality smallint NOT NULL
);

CREATE TABLE history_keep (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    class text NOT NULL,
    keep_days integer NOT NULL CHECK (keep_days > 0),
    PRIMARY KEY (enterprise_id, class)
);

CREATE TABLE point_setting (
    enterprise_id uuid PRIMARY KEY REFERENCES enterprise (id),
    refresh_ms integer NOT NULL CHECK (refresh_ms BETWEEN 100 AND 60000)
);

CREATE OR REPLACE FUNCTION history_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    made integer := 0;
    parent text;
    name text;
    d date;
BEGIN
    IF last - first > 4000 THEN
        RAISE EXCEPTION 'too many partitions: % to %', first, last;
    END IF;
    PERFORM pg_advisory_xact_lock(7465120);
    FOR d IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        FOREACH parent IN ARRAY ARRAY['sample', 'sample_hour'] LOOP
            name := parent || '_' || to_char(d, 'YYYYMMDD');
            CONTINUE WHEN to_regclass(name) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent,
                           d::timestamp AT TIME ZONE 'UTC', (d + 1)::timestamp AT TIME ZONE 'UTC');
            EXECUTE format('REVOKE ALL ON %I FROM "@ROLE@"', name);
            made := made + (parent = 'sample')::integer;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
DO $$ DECLARE d date; BEGIN
    FOR d IN SELECT day FROM history_days() LOOP PERFORM history_partitions(d, d); END LOOP;
END $$;

CREATE FUNCTION history_forget(first date, last date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d date;
BEGIN
    FOR d IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        EXECUTE format('DROP TABLE IF EXISTS %I', 'sample_' || to_char(d, 'YYYYMMDD'));
        EXECUTE format('DROP TABLE IF EXISTS %I', 'sample_hour_' || to_char(d, 'YYYYMMDD'));
    END LOOP;
    DELETE FROM history_rolled WHERE hour >= first::timestamp AT TIME ZONE 'UTC'
        AND hour < (last + 1)::timestamp AT TIME ZONE 'UTC';
END $$;
REVOKE ALL ON FUNCTION history_forget(date, date) FROM PUBLIC;

CREATE OR REPLACE FUNCTION history_drop(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d date;
BEGIN
    PERFORM pg_advisory_xact_lock(7465120);
    -- Waiting for the lock would hold up everybody who reads or writes behind us: the caller tries again later.
    SET LOCAL lock_timeout = '2s';
    FOR d IN SELECT day FROM history_days() h WHERE day < before
             UNION SELECT day FROM history_day h WHERE day < before ORDER BY 1 LOOP
        PERFORM history_forget(d, d);
        DELETE FROM history_day h WHERE h.day = d;
        RETURN NEXT d;
    END LOOP;
    DELETE FROM history_newest WHERE ts < before::timestamp AT TIME ZONE 'UTC';
END $$;

-- Readers call it first: no partition goes while they read, and what went before is in history_day by then.
CREATE FUNCTION history_hold() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    LOCK TABLE sample IN ACCESS SHARE MODE;
END $$;

-- A writer says which hours it adds to; back come those that are rolled.
CREATE FUNCTION history_enter(hours timestamptz[]) RETURNS timestamptz[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    marked timestamptz[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7465121);
    SELECT array_agg(r.hour) INTO marked FROM history_rolled r WHERE r.hour = ANY (hours);
    IF marked IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(7465122);
        UPDATE history_rolled r SET done = false WHERE r.hour = ANY (marked) AND r.done;
    END IF;
    UPDATE history_day d SET late = late + 1
        WHERE d.day IN (SELECT (h AT TIME ZONE 'UTC')::date FROM unnest(hours) h);
    RETURN marked;
END $$;

CREATE FUNCTION history_spoil(tags integer[], hours timestamptz[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM sample_hour s USING unnest(tags, hours) AS u (tag, hour) WHERE s.tag_id = u.tag AND s.hour = u.hour
$$;

-- Marks the hours of [since, until) that have partitions as rolled; back come those that are not done, oldest first.
CREATE FUNCTION history_mark(since timestamptz, until timestamptz) RETURNS SETOF timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SET LOCAL lock_timeout = '5s';
    PERFORM pg_advisory_xact_lock(7465121);
    INSERT INTO history_rolled (hour)
        SELECT h FROM history_days() d
        CROSS JOIN LATERAL generate_series(d.day::timestamp AT TIME ZONE 'UTC',
            (d.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 hour', interval '1 hour') h
        WHERE h >= since AND h + interval '1 hour' <= until ON CONFLICT DO NOTHING;
    RETURN QUERY SELECT r.hour FROM history_rolled r WHERE NOT r.done AND r.hour >= since AND r.hour < until ORDER BY 1;
END $$;

CREATE FUNCTION history_roll(hour timestamptz, first integer, last integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7465122);
    INSERT INTO sample_hour (tag_id, hour, minute, n, usable, low, high, total, last, state)
    SELECT t.id, history_roll.hour, r.* FROM tag t
    CROSS JOIN LATERAL (
        SELECT array_agg(m.minute ORDER BY m.minute) AS minute, array_agg(m.n ORDER BY m.minute),
               array_agg(m.usable ORDER BY m.minute), array_agg(m.low ORDER BY m.minute),
               array_agg(m.high ORDER BY m.minute), array_agg(m.total ORDER BY m.minute),
               array_agg(m.last ORDER BY m.minute), array_agg(m.state ORDER BY m.minute)
        FROM (SELECT floor(extract(epoch FROM s.ts - history_roll.hour) / 60)::smallint AS minute,
                     count(*)::integer AS n, (count(*) FILTER (WHERE s.quality >= 0))::integer AS usable,
                     min(s.value) FILTER (WHERE s.quality >= 0) AS low,
                     max(s.value) FILTER (WHERE s.quality >= 0) AS high,
                     sum(s.value) FILTER (WHERE s.quality >= 0) AS total,
                     (array_agg(s.value ORDER BY s.ts DESC) FILTER (WHERE s.quality >= 0))[1] AS last,
                     (array_agg(s.quality ORDER BY s.ts DESC))[1] AS state
              FROM sample s WHERE s.tag_id = t.id AND s.ts >= history_roll.hour
                AND s.ts < history_roll.hour + interval '1 hour' GROUP BY 1) m
    ) r
    WHERE t.id BETWEEN first AND last AND r.minute IS NOT NULL
      AND NOT EXISTS (SELECT FROM sample_hour h WHERE h.tag_id = t.id AND h.hour = history_roll.hour)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END $$;

-- Before an hour is rolled (again) it is called done; a writer that comes meanwhile takes that back.
CREATE FUNCTION history_done(hour timestamptz, done boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7465122);
    UPDATE history_rolled r SET done = history_done.done WHERE r.hour = history_done.hour;
END $$;

-- Steps of samples in the database: n: all samples; usable: good or uncertain ones; last: the last usable value; state:
-- the quality of the last sample of all. Steps of equal length are counted from ``since``, which is the start of one
-- (``trunc hour`` goes by the clock); it is the start of a minute.
CREATE FUNCTION history_steps(tag integer, since timestamptz, until timestamptz, step text, zone text)
RETURNS TABLE (bucket timestamptz, n bigint, usable bigint, low double precision, high double precision,
               total double precision, last double precision, state smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    width interval := CASE step WHEN 'minute' THEN interval '1 minute' WHEN 'hour' THEN interval '1 hour' END;
    begins timestamptz[];
    ends timestamptz[];
BEGIN
    IF NOT history_visible(tag) THEN
        RETURN;
    END IF;
    -- The stretches between the hours that are rolled: raw samples.
    SELECT array_agg(g.a), array_agg(g.b) INTO begins, ends FROM (
        SELECT lag(h.hour + interval '1 hour', 1, since) OVER (ORDER BY h.hour) AS a, h.hour AS b
        FROM (SELECT s.hour FROM sample_hour s WHERE s.tag_id = tag AND s.hour >= since
                AND s.hour <= until - interval '1 hour' UNION ALL SELECT until) h) g
    WHERE g.a < g.b;
    RETURN QUERY
    WITH minutes AS MATERIALIZED (
        SELECT s.hour + m.minute * interval '1 minute' AS at, m.n, m.usable, m.low, m.high, m.total, m.last, m.state
        FROM sample_hour s CROSS JOIN LATERAL unnest(s.minute, s.n, s.usable, s.low, s.high, s.total, s.last, s.state)
            AS m (minute, n, usable, low, high, total, last, state)
        WHERE s.tag_id = tag AND s.hour >= since AND s.hour <= until - interval '1 hour'
        UNION ALL
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
                            WHERE s.tag_id = tag AND s.ts = b.newest AND s.ts >= since AND s.ts < until) l
    )
    SELECT CASE WHEN width IS NULL THEN date_trunc(replace(step, 'trunc ', ''), m.at, zone) ELSE date_bin(width, m.at, since) END,
           sum(m.n), sum(m.usable), min(m.low), max(m.high), sum(m.total),
           (array_agg(m.last ORDER BY m.at DESC) FILTER (WHERE m.usable > 0))[1],
           (array_agg(m.state ORDER BY m.at DESC))[1]
    FROM minutes m GROUP BY 1 ORDER BY 1;
END $$;
DROP FUNCTION history_trend(integer, timestamptz, timestamptz, text, text);

CREATE FUNCTION history_raw(tag integer, since timestamptz, until timestamptz)
RETURNS TABLE (ts timestamptz, received timestamptz, value double precision, quality smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF history_visible(tag) THEN
        RETURN QUERY SELECT s.ts, s.received, s.value, s.quality FROM sample s
            WHERE s.tag_id = tag AND s.ts >= since AND s.ts < until ORDER BY s.ts;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION history_latest(tag integer, before timestamptz)
RETURNS TABLE (ts timestamptz, received timestamptz, value double precision, quality smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT b.ts, b.received, b.value, b.quality FROM (
        (SELECT s.ts, s.received, s.value, s.quality FROM sample s
         WHERE s.tag_id = history_latest.tag AND s.ts < history_latest.before ORDER BY s.ts DESC LIMIT 1)
        UNION ALL
        SELECT n.ts, n.received, n.value, n.quality FROM history_newest n
        WHERE n.tag_id = history_latest.tag AND n.ts < history_latest.before
    ) b WHERE (SELECT history_visible(history_latest.tag)) ORDER BY b.ts DESC LIMIT 1
$$;

-- Sealing. history_seal_begin: from now on writes into the day are counted.
CREATE FUNCTION history_seal_begin(sealed date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SET LOCAL lock_timeout = '5s';
    PERFORM pg_advisory_xact_lock(7465121);
    INSERT INTO history_day (day) VALUES (sealed) ON CONFLICT DO NOTHING;
    RETURN (SELECT late FROM history_day WHERE day = sealed);
END $$;

CREATE FUNCTION history_rows(since timestamptz, until timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN (SELECT count(*) FROM sample s WHERE s.ts >= since AND s.ts < until);
END $$;

-- The files are on disk and verified: they take the place of the partition, or nothing changes (false) because a write
-- came in after ``seen``.
CREATE FUNCTION history_seal(sealed date, seen bigint, made integer, total bigint, size bigint, names jsonb,
    at timestamptz, newest jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    SET LOCAL lock_timeout = '2s';
    PERFORM pg_advisory_xact_lock(7465121);
    PERFORM pg_advisory_xact_lock(7465120);
    UPDATE history_day d SET generation = made, rows = total, bytes = size, files = names, sealed_at = at,
        late_sealed = seen WHERE d.day = sealed AND d.late = seen;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO history_newest (tag_id, ts, received, value, quality)
        SELECT (v->>0)::integer, timestamptz 'epoch' + (v->>1)::bigint * interval '1 microsecond',
               timestamptz 'epoch' + (v->>2)::bigint * interval '1 microsecond', (v->>3)::double precision,
               (v->>4)::smallint FROM jsonb_array_elements(newest) v
        ON CONFLICT (tag_id) DO UPDATE SET ts = excluded.ts, received = excluded.received, value = excluded.value,
            quality = excluded.quality WHERE history_newest.ts < excluded.ts;
    PERFORM history_forget(sealed, sealed);
    RETURN true;
END $$;

REVOKE ALL ON sample_hour, history_newest, history_rolled FROM "@ROLE@";
REVOKE INSERT, UPDATE, DELETE ON history_day FROM "@ROLE@";
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES.replace("@ROLE@", get_settings().app_role))
    enable_rls(op, "history_keep")
    enable_rls(op, "point_setting")
