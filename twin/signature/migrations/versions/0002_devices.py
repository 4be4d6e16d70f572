"""Authenticators that confirm signatures (WebAuthn)."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0002_signature_devices"
down_revision = "0001_signature"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE signature_device (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    account_id uuid NOT NULL REFERENCES account (id),
    name text NOT NULL,
    credential_id bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    removed_at timestamptz
);
CREATE INDEX ix_signature_device_enterprise_id ON signature_device (enterprise_id);
CREATE INDEX ix_signature_device_account_id ON signature_device (account_id) WHERE removed_at IS NULL;

CREATE TABLE signature_challenge (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    account_id uuid NOT NULL REFERENCES account (id),
    purpose text NOT NULL,
    nonce bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_signature_challenge_enterprise_id ON signature_challenge (enterprise_id);
CREATE INDEX ix_signature_challenge_account_id ON signature_challenge (account_id, expires_at);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("signature_device", "signature_challenge"):
        enable_rls(op, table)
