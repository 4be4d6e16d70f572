"""Answers of writes that carry an idempotency key."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_idempotency"
down_revision = None
branch_labels = ("idempotency",)
depends_on = "0001_kernel"

_TABLE = """
CREATE TABLE idempotency (
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    key text NOT NULL CHECK (length(key) BETWEEN 8 AND 100),
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    request text NOT NULL,
    status integer NOT NULL DEFAULT 0,
    body bytea NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    PRIMARY KEY (account_id, key)
);
CREATE INDEX ix_idempotency_at ON idempotency (at);
CREATE INDEX ix_idempotency_enterprise_id ON idempotency (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLE)
    enable_rls(op, "idempotency")
