"""Field sources, the points that they measure, and how they fare."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_ingest"
down_revision = None
branch_labels = ("ingest",)
depends_on = "0001_history"

_TABLES = """
CREATE TABLE field_source (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    name text NOT NULL,
    kind text NOT NULL,
    settings jsonb NOT NULL,
    bad_after_s double precision NOT NULL DEFAULT 10 CHECK (bad_after_s > 0),
    enabled boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_field_source_enterprise_id_name UNIQUE (enterprise_id, name)
);
CREATE TABLE field_point (
    device_id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    source_id uuid NOT NULL REFERENCES field_source (id) ON DELETE CASCADE,
    address text NOT NULL,
    scale double precision NOT NULL DEFAULT 1,
    shift double precision NOT NULL DEFAULT 0
);
CREATE INDEX ix_field_point_source_id ON field_point (source_id);
CREATE INDEX ix_field_point_enterprise_id ON field_point (enterprise_id);
CREATE TABLE field_source_state (
    source_id uuid PRIMARY KEY REFERENCES field_source (id) ON DELETE CASCADE,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    connected boolean NOT NULL,
    error text NOT NULL DEFAULT '',
    counts jsonb NOT NULL,
    at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("field_source", "field_point", "field_source_state"):
        enable_rls(op, table)
