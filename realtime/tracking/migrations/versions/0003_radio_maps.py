"""Surveyed radio maps of BLE fields."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0003_radio_maps"
down_revision = "0002_tracks"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE positioning_radio_map (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    code text NOT NULL,
    map jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    CONSTRAINT uq_positioning_radio_map_enterprise_id_code UNIQUE (enterprise_id, code)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "positioning_radio_map")
