"""How a source fares: rate, last word, lag."""

from alembic import op

from twin.db.rls import script

revision = "0002_ingest"
down_revision = "0001_ingest"
branch_labels = None
depends_on = None

_CHANGE = """
ALTER TABLE field_source_state
    ADD COLUMN rate double precision NOT NULL DEFAULT 0,
    ADD COLUMN last_at timestamptz,
    ADD COLUMN lag_s double precision;
"""


def upgrade() -> None:
    """Apply."""
    script(op, _CHANGE)
