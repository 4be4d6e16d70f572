"""Scenarios of the demo that are tripped now."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_simulators"
down_revision = None
branch_labels = ("simulators",)
depends_on = "0001_ingest"

_TABLES = """
CREATE TABLE simulator_scenario (
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    key text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (enterprise_id, key)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "simulator_scenario")
