"""When facts counted on the clock that nobody sets."""

from alembic import op

from twin.db.rls import script

revision = "0003_risk_boot"
down_revision = "0002_risk_set_back"
branch_labels = None
depends_on = None

# ``monotonic`` in seconds means something within the same boot of the computer only.
_COLUMNS = "ALTER TABLE risk_log ADD COLUMN boot text, ADD COLUMN monotonic double precision;"


def upgrade() -> None:
    """Apply."""
    script(op, _COLUMNS)
