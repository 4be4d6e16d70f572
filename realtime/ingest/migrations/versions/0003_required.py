"""The measuring points that the design documents demand."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0003_ingest"
down_revision = "0002_ingest"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE point_required (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    tag text NOT NULL,
    name text NOT NULL DEFAULT '',
    document text NOT NULL DEFAULT '',
    PRIMARY KEY (enterprise_id, tag)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "point_required")
