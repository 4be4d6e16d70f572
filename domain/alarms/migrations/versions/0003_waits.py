"""Time that counts for no escalation: by alarm, and when the process that escalates was last alive."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0003_alarm_waits"
down_revision = "0002_alarm_recordings"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE alarm_wait (
    alarm_id uuid PRIMARY KEY REFERENCES alarm (id) ON DELETE CASCADE,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    seconds double precision NOT NULL
);
CREATE INDEX ix_alarm_wait_enterprise_id ON alarm_wait (enterprise_id);
CREATE TABLE alarm_watch (
    name text PRIMARY KEY,
    alive_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "alarm_wait")
