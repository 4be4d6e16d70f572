"""Latest places, who is in which fence, and what has happened at fences."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_fences"
down_revision = None
branch_labels = ("fences",)
depends_on = ("0001_tracking", "0004_geofence_rules")

# place_latest: one row per subject, overwritten all the time; room in the page keeps that cheap (HOT).
# fence_presence: what is true now, so that a restart of the engine knows it. subject is the fence itself for what
# concerns all in it.
_TABLES = """
CREATE TABLE place_latest (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    t timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    h double precision NOT NULL,
    floor text,
    zone text,
    r95 double precision NOT NULL,
    speed double precision NOT NULL,
    state text NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (subject_id)
) WITH (fillfactor = 50);
CREATE INDEX ix_place_latest_enterprise_id ON place_latest (enterprise_id);
CREATE TABLE fence_presence (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    fence_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    entered timestamptz NOT NULL,
    inside boolean NOT NULL,
    rules text[] NOT NULL DEFAULT '{}',
    x double precision,
    y double precision,
    PRIMARY KEY (fence_id, subject_id)
);
CREATE INDEX ix_fence_presence_enterprise_id ON fence_presence (enterprise_id);
CREATE TABLE fence_event (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('enter', 'leave', 'alarm', 'clear')),
    rule text NOT NULL DEFAULT '',
    fence_id uuid NOT NULL,
    fence_name text NOT NULL,
    zone text,
    subject_id uuid,
    subject_kind text NOT NULL DEFAULT '',
    subject_name text NOT NULL DEFAULT '',
    count integer NOT NULL,
    initial boolean NOT NULL,
    lon double precision,
    lat double precision,
    h double precision
);
CREATE INDEX ix_fence_event_at ON fence_event (enterprise_id, at);
CREATE INDEX ix_fence_event_subject ON fence_event (subject_id, at) WHERE subject_id IS NOT NULL;
CREATE INDEX ix_fence_event_fence ON fence_event (fence_id, at);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("place_latest", "fence_presence", "fence_event"):
        enable_rls(op, table)
