"""Vehicles."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_vehicles"
down_revision = None
branch_labels = ("vehicles",)
depends_on = "0001_tracking"

_TABLES = """
CREATE TABLE vehicle (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    plate text NOT NULL,
    type text NOT NULL CHECK (type IN ('car', 'truck', 'tanker', 'forklift', 'crane', 'fire', 'bus')),
    driver text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    company text NOT NULL DEFAULT '',
    waybill text NOT NULL DEFAULT '',
    roads text[] NOT NULL DEFAULT '{}',
    parking text[] NOT NULL DEFAULT '{}',
    parking_minutes double precision CHECK (parking_minutes > 0),
    active boolean NOT NULL DEFAULT true,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT uq_vehicle_enterprise_id_plate UNIQUE (enterprise_id, plate)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "vehicle")
