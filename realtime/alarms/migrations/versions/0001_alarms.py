"""Alarms, what holds them back, and the set-points of measuring points."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_alarms"
down_revision = None
branch_labels = ("alarms",)
depends_on = "0001_ingest"

_TABLES = """
CREATE TABLE alarm (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    key text NOT NULL,
    source text NOT NULL,
    type text NOT NULL,
    grade smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    stage smallint NOT NULL DEFAULT 0,
    status text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    returned_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text NOT NULL DEFAULT '',
    handled_at timestamptz,
    handled_by text NOT NULL DEFAULT '',
    cause text NOT NULL DEFAULT '',
    action text NOT NULL DEFAULT '',
    person text NOT NULL DEFAULT '',
    hold_reason text NOT NULL DEFAULT '',
    hold_until timestamptz,
    hold_by text NOT NULL DEFAULT '',
    params jsonb NOT NULL DEFAULT '{}',
    value double precision,
    limit_value double precision,
    subject_layer text,
    subject_id uuid,
    subject_name text NOT NULL DEFAULT '',
    zone_code text,
    lon double precision,
    lat double precision,
    h double precision,
    floor_code text,
    persons uuid[] NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX uq_alarm_active_key ON alarm (enterprise_id, key) WHERE active;
CREATE INDEX ix_alarm_open ON alarm (enterprise_id, id) WHERE status <> 'closed';
CREATE INDEX ix_alarm_id ON alarm (enterprise_id, id);
CREATE INDEX ix_alarm_at ON alarm (enterprise_id, at);
CREATE INDEX ix_alarm_subject ON alarm (enterprise_id, subject_id, at);
CREATE TABLE alarm_hold (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    key text NOT NULL,
    event text NOT NULL,
    reason text NOT NULL,
    until timestamptz,
    held_by text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, key)
);
CREATE TABLE alarm_setpoint (
    device_id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    enabled boolean NOT NULL DEFAULT true,
    settings jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ix_alarm_setpoint_enterprise_id ON alarm_setpoint (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("alarm", "alarm_hold", "alarm_setpoint"):
        enable_rls(op, table)
