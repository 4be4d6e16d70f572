"""Versions of the criteria of major hazards."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0002_hazard_criteria"
down_revision = "0001_hazards"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE hazard_criteria (
    id uuid PRIMARY KEY, enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    version text NOT NULL, effective_from date NOT NULL, items jsonb NOT NULL, created_at timestamptz NOT NULL,
    CONSTRAINT uq_hazard_criteria_version UNIQUE (enterprise_id, version)
);
ALTER TABLE hazard ADD COLUMN criteria_version text NOT NULL DEFAULT '';
UPDATE hazard SET criteria_version = '安监总管三〔2017〕121号' WHERE criteria <> '{}';
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "hazard_criteria")
