"""What cameras recorded of alarms."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0002_alarm_recordings"
down_revision = "0001_alarm_desk"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alarm_recording (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    alarm_id uuid NOT NULL REFERENCES alarm (id) ON DELETE CASCADE,
    camera_id uuid NOT NULL,
    camera_name text NOT NULL,
    status text NOT NULL CHECK (status IN ('recording', 'kept', 'failed')),
    begun_at timestamptz NOT NULL,
    ended_at timestamptz,
    seconds double precision,
    pre_roll_s double precision,
    attachment_id uuid,
    error text NOT NULL DEFAULT '',
    UNIQUE (alarm_id, camera_id)
);
CREATE INDEX ix_alarm_recording_enterprise_id ON alarm_recording (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "alarm_recording")
