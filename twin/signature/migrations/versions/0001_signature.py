"""Signing keys and signatures."""

from alembic import op

from twin.db.rls import append_only, enable_rls, script

revision = "0001_signature"
down_revision = None
branch_labels = ("signature",)
depends_on = "0001_kernel"

_TABLES = """
CREATE TABLE signing_key (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    account_id uuid NOT NULL REFERENCES account (id),
    algorithm text NOT NULL,
    public_key bytea NOT NULL,
    sealed bytea NOT NULL,
    fingerprint text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE INDEX ix_signing_key_enterprise_id ON signing_key (enterprise_id);
CREATE UNIQUE INDEX uq_signing_key_account_id_algorithm ON signing_key (account_id, algorithm);

CREATE TABLE signature (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    n bigint NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    meaning text NOT NULL,
    content text NOT NULL,
    digest text NOT NULL,
    signer_id uuid NOT NULL,
    signer_name text NOT NULL,
    drawing_id uuid NOT NULL,
    drawing_sha256 text NOT NULL,
    at timestamptz NOT NULL,
    key_id uuid NOT NULL REFERENCES signing_key (id),
    statement text NOT NULL,
    signature bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT uq_signature_enterprise_id_n UNIQUE (enterprise_id, n)
);
CREATE INDEX ix_signature_enterprise_id ON signature (enterprise_id);
CREATE INDEX ix_signature_kind_key ON signature (kind, key);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    for table in ("signing_key", "signature"):
        enable_rls(op, table)
        append_only(op, table)
