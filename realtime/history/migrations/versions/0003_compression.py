"""Dead-bands of measuring points."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0003_history_compression"
down_revision = "0002_history_archive"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE point_compression (
    device_id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    deviation double precision NOT NULL CHECK (deviation >= 0),
    longest_s double precision NOT NULL CHECK (longest_s BETWEEN 1 AND 86400)
);
CREATE INDEX ix_point_compression_enterprise_id ON point_compression (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "point_compression")
