"""Tracks, accuracy and anchor health in day partitions; limits of accuracy per zone."""

from alembic import op

from twin.db.rls import enable_rls, script
from twin.settings import get_settings

revision = "0002_tracks"
down_revision = "0001_tracking"
branch_labels = None
depends_on = None

# As in the history of measured values: COPY FROM is refused on a table under row-level security, so the partitioned
# tables have none, the app role may only add to them, and it reads them through views that show its own enterprise.
_TABLES = """
CREATE TABLE track_subject (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    CONSTRAINT uq_track_subject_enterprise_id_subject_id UNIQUE (enterprise_id, subject_id)
);
CREATE TABLE positioning_limit (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    zone_code text NOT NULL,
    limit_m double precision NOT NULL CHECK (limit_m > 0 AND limit_m <= 50),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, zone_code)
);
CREATE TABLE positioning_gateway (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    gateway text NOT NULL,
    skew double precision NOT NULL,
    correction double precision NOT NULL,
    messages bigint NOT NULL,
    last timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, gateway)
);
CREATE TABLE positioning_state (
    enterprise_id uuid PRIMARY KEY REFERENCES enterprise (id),
    counts jsonb NOT NULL,
    at timestamptz NOT NULL
);
CREATE TABLE track_point (
    subject integer NOT NULL,
    ts timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    h real NOT NULL,
    speed real NOT NULL,
    r95 real NOT NULL,
    age real NOT NULL,
    state smallint NOT NULL,
    source smallint NOT NULL,
    floor text,
    zone text
) PARTITION BY RANGE (ts);
CREATE UNIQUE INDEX uq_track_point_subject_ts ON track_point (subject, ts);
CREATE INDEX ix_track_point_zone_ts ON track_point (zone, ts);
CREATE TABLE positioning_accuracy (
    enterprise_id uuid NOT NULL,
    ts timestamptz NOT NULL,
    zone text NOT NULL,
    fixes integer NOT NULL,
    within integer NOT NULL,
    limit_m real NOT NULL,
    r95 real NOT NULL,
    delay_p50 real NOT NULL,
    delay_p99 real NOT NULL
) PARTITION BY RANGE (ts);
CREATE INDEX ix_positioning_accuracy_ts ON positioning_accuracy (enterprise_id, ts);
CREATE TABLE anchor_health (
    enterprise_id uuid NOT NULL,
    ts timestamptz NOT NULL,
    anchor text NOT NULL,
    count bigint NOT NULL,
    reject_share real NOT NULL,
    residual_mean real NOT NULL,
    residual_rms real NOT NULL,
    silent real,
    state text NOT NULL
) PARTITION BY RANGE (ts);
CREATE INDEX ix_anchor_health_ts ON anchor_health (enterprise_id, ts);

CREATE VIEW track WITH (security_barrier) AS
SELECT s.subject_id, s.kind, p.ts, p.lon, p.lat, p.h, p.speed, p.r95, p.age, p.state, p.source, p.floor, p.zone, p.subject
FROM track_point p JOIN track_subject s ON s.id = p.subject
WHERE s.enterprise_id = (SELECT NULLIF(NULLIF(current_setting('twin.enterprise', true), ''), '*')::uuid)
   OR (SELECT current_setting('twin.enterprise', true)) = '*';
CREATE VIEW accuracy_history WITH (security_barrier) AS
SELECT * FROM positioning_accuracy p
WHERE p.enterprise_id = (SELECT NULLIF(NULLIF(current_setting('twin.enterprise', true), ''), '*')::uuid)
   OR (SELECT current_setting('twin.enterprise', true)) = '*';
CREATE VIEW anchor_history WITH (security_barrier) AS
SELECT * FROM anchor_health p
WHERE p.enterprise_id = (SELECT NULLIF(NULLIF(current_setting('twin.enterprise', true), ''), '*')::uuid)
   OR (SELECT current_setting('twin.enterprise', true)) = '*';

-- The track of one subject: with its number and limits known the partitions of the period and the index are used.
CREATE FUNCTION track_of(of integer, since timestamptz, until timestamptz) RETURNS SETOF track_point
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF current_setting('twin.enterprise', true) = '*' OR EXISTS (SELECT 1 FROM track_subject s WHERE s.id = of
       AND s.enterprise_id::text = current_setting('twin.enterprise', true)) THEN
        RETURN QUERY SELECT * FROM track_point p WHERE p.subject = of AND p.ts >= since AND p.ts < until ORDER BY p.ts;
    END IF;
END $$;

CREATE FUNCTION tracking_partitions(first date, last date) RETURNS integer
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
    PERFORM pg_advisory_xact_lock(7465130);
    FOREACH parent IN ARRAY ARRAY['track_point', 'positioning_accuracy', 'anchor_health'] LOOP
        FOR d IN SELECT generate_series(first, last, interval '1 day')::date LOOP
            name := parent || '_' || to_char(d, 'YYYYMMDD');
            CONTINUE WHEN to_regclass(name) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent,
                           d::timestamp AT TIME ZONE 'UTC', (d + 1)::timestamp AT TIME ZONE 'UTC');
            EXECUTE format('REVOKE ALL ON %I FROM "@ROLE@"', name);
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION tracking_days() RETURNS TABLE (day date, name text, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT to_date(right(c.relname, 8), 'YYYYMMDD'), c.relname::text, pg_total_relation_size(c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('track_point'::regclass, 'positioning_accuracy'::regclass, 'anchor_health'::regclass) ORDER BY 1
$$;

CREATE FUNCTION tracking_drop(before date) RETURNS SETOF date
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r record;
BEGIN
    PERFORM pg_advisory_xact_lock(7465130);
    -- Waiting for the lock would hold up everybody who reads or writes behind us: the caller tries again later.
    SET LOCAL lock_timeout = '2s';
    FOR r IN SELECT day, name FROM tracking_days() WHERE day < before LOOP
        EXECUTE format('DROP TABLE %I', r.name);
        RETURN NEXT r.day;
    END LOOP;
END $$;

REVOKE ALL ON track_point, positioning_accuracy, anchor_health FROM "@ROLE@";
GRANT INSERT ON track_point, positioning_accuracy, anchor_health TO "@ROLE@";
REVOKE INSERT, UPDATE, DELETE ON track, accuracy_history, anchor_history FROM "@ROLE@";
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES.replace("@ROLE@", get_settings().app_role))
    for table in ("track_subject", "positioning_limit", "positioning_gateway", "positioning_state"):
        enable_rls(op, table)
