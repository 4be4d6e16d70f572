"""Facts that other systems tell."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_factors"
down_revision = None
branch_labels = ("factors",)
depends_on = "0001_kernel"

_TABLES = """
CREATE TABLE told_fact (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    kind text NOT NULL,
    key text NOT NULL,
    zones text[] NOT NULL,
    attributes jsonb NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    ended_at timestamptz,
    told_by uuid NOT NULL,
    told_by_name text NOT NULL,
    told_at timestamptz NOT NULL
);
-- one fact of a name holds at a time; those that are over stay as history
CREATE UNIQUE INDEX uq_told_fact_holds ON told_fact (enterprise_id, kind, key) WHERE ended_at IS NULL;
CREATE INDEX ix_told_fact_since ON told_fact (enterprise_id, since);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "told_fact")
