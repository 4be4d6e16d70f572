"""Devices that take notifications while the app is closed."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_push"
down_revision = None
branch_labels = ("push",)
depends_on = "0001_kernel"

_TABLE = """
CREATE TABLE push_subscription (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    endpoint text NOT NULL UNIQUE CHECK (length(endpoint) <= 1000),
    p256dh text NOT NULL,
    auth text NOT NULL,
    at timestamptz NOT NULL,
    failed_at timestamptz
);
CREATE INDEX ix_push_subscription_account_id ON push_subscription (account_id);
CREATE INDEX ix_push_subscription_enterprise_id ON push_subscription (enterprise_id);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLE)
    enable_rls(op, "push_subscription")
