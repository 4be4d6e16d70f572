"""When an alarm was brought back to the screens, because nobody took it in time."""

from alembic import op

from twin.db.rls import script

revision = "0003_escalated"
down_revision = "0002_alarm_closed"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    script(op, "ALTER TABLE alarm ADD COLUMN escalated_at timestamptz;")
