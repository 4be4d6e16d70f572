"""Stairs and lifts of buildings."""

from alembic import op

from twin.db.rls import create_spatial_table

revision = "0005_passage"
down_revision = "0004_geofence_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    create_spatial_table(
        op, "passage", "PolygonZ",
        "z_min double precision, z_max double precision, building_code text NOT NULL, kind text NOT NULL",
    )  # fmt: skip
