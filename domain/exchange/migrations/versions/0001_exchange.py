"""Targets of the exchange, their marks and runs."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_exchange"
down_revision = None
branch_labels = ("exchange",)
depends_on = "0002_spatial"

_TABLES = """
CREATE TABLE exchange_target (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id), code text NOT NULL, name text NOT NULL,
    base_url text NOT NULL, company_code text NOT NULL, config jsonb NOT NULL, sealed bytea NOT NULL,
    active boolean NOT NULL, created_at timestamptz NOT NULL,
    CONSTRAINT uq_exchange_target_code UNIQUE (enterprise_id, code)
);
CREATE TABLE exchange_mark (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    target_id uuid NOT NULL REFERENCES exchange_target (id) ON DELETE CASCADE, kind text NOT NULL,
    changed timestamptz NOT NULL, row_id uuid NOT NULL, PRIMARY KEY (target_id, kind)
);
CREATE INDEX ix_exchange_mark_enterprise_id ON exchange_mark (enterprise_id);
CREATE TABLE exchange_run (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    target_id uuid NOT NULL REFERENCES exchange_target (id) ON DELETE CASCADE, kind text NOT NULL, rows integer NOT NULL,
    outcome text NOT NULL, error text NOT NULL, at timestamptz NOT NULL
);
CREATE INDEX ix_exchange_run_target_id ON exchange_run (target_id, id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("exchange_target", "exchange_mark", "exchange_run"):
        enable_rls(op, table)
