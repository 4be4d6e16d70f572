"""IndexModelBody, targets and history of the early-warning index."""

from alembic import op

from twin.db.rls import append_only, enable_rls, script

revision = "0001_early_warning"
down_revision = None
branch_labels = ("early_warning",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE index_model (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), version integer NOT NULL, body jsonb NOT NULL,
    at timestamptz NOT NULL, by_name text NOT NULL, PRIMARY KEY (enterprise_id, version)
);
CREATE TABLE index_target (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), key text NOT NULL, version integer NOT NULL,
    target double precision NOT NULL, owner text NOT NULL, owner_name text NOT NULL, at timestamptz NOT NULL,
    by_name text NOT NULL, PRIMARY KEY (enterprise_id, key, version)
);
-- scope: '' is the enterprise, otherwise the code of an area. rows: those that cannot be asked for again.
CREATE TABLE index_point (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id), scope text NOT NULL, at timestamptz NOT NULL,
    value double precision NOT NULL, uncapped double precision NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 4), vetoes text[] NOT NULL, aspects jsonb NOT NULL,
    indicators jsonb NOT NULL, model_version integer NOT NULL, computed_later boolean NOT NULL, rows jsonb NOT NULL,
    PRIMARY KEY (enterprise_id, scope, at)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("index_model", "index_target", "index_point"):
        enable_rls(op, table)
    append_only(op, "index_model")
    append_only(op, "index_target")
