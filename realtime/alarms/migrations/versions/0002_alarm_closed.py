"""When closed alarms were closed, by index: which alarms were open at a past instant."""

from alembic import op

from twin.db.rls import script

revision = "0002_alarm_closed"
down_revision = "0001_alarms"
branch_labels = None
depends_on = None

_INDEX = """
CREATE INDEX ix_alarm_closed ON alarm (enterprise_id, (greatest(returned_at, handled_at)), raised_at)
    WHERE status = 'closed';
"""


def upgrade() -> None:
    """Apply."""
    script(op, _INDEX)
