"""Escalation rules and what they led to, messages on their way out, cameras of points, settings of the desk."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_alarm_desk"
down_revision = None
branch_labels = ("alarm_desk",)
depends_on = "0001_alarms"

_TABLES = """
CREATE TABLE alarm_rule (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    name text NOT NULL,
    condition text NOT NULL CHECK (condition IN ('raised', 'unacknowledged', 'unhandled')),
    max_grade smallint NOT NULL CHECK (max_grade BETWEEN 1 AND 4),
    types text[] NOT NULL DEFAULT '{}',
    zones text[] NOT NULL DEFAULT '{}',
    after_s integer NOT NULL CHECK (after_s >= 0),
    channel text NOT NULL CHECK (channel IN ('screen', 'handheld', 'sms', 'webhook')),
    roles text[] NOT NULL DEFAULT '{}',
    accounts uuid[] NOT NULL DEFAULT '{}',
    url text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE INDEX ix_alarm_rule_enterprise_id ON alarm_rule (enterprise_id);
CREATE TABLE alarm_escalation (
    alarm_id uuid NOT NULL REFERENCES alarm (id) ON DELETE CASCADE,
    rule_id uuid NOT NULL,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    rule_name text NOT NULL,
    channel text NOT NULL,
    told jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (alarm_id, rule_id)
);
CREATE INDEX ix_alarm_escalation_enterprise_id ON alarm_escalation (enterprise_id);
CREATE TABLE alarm_message (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    rule_id uuid NOT NULL,
    channel text NOT NULL,
    url text NOT NULL,
    body jsonb NOT NULL,
    alarm_ids uuid[] NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    outcome text NOT NULL DEFAULT '',
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz
);
CREATE INDEX ix_alarm_message_due ON alarm_message (due_at) WHERE done_at IS NULL;
CREATE INDEX ix_alarm_message_enterprise_id ON alarm_message (enterprise_id);
CREATE TABLE alarm_camera (
    device_id uuid NOT NULL,
    camera_id uuid NOT NULL,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    n integer NOT NULL,
    PRIMARY KEY (device_id, camera_id)
);
CREATE INDEX ix_alarm_camera_enterprise_id ON alarm_camera (enterprise_id);
CREATE TABLE alarm_desk (
    enterprise_id uuid PRIMARY KEY REFERENCES enterprise (id),
    settings jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("alarm_rule", "alarm_escalation", "alarm_message", "alarm_camera", "alarm_desk"):
        enable_rls(op, table)
