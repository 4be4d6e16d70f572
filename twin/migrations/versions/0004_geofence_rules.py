"""Fences for people and vehicles: floor, schedule, who is meant and who may enter, more limits."""

from alembic import op

from twin.db.rls import script

revision = "0004_geofence_rules"
down_revision = "0003_outbox_number"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    script(
        op,
        """
        ALTER TABLE geofence ADD COLUMN floor_code text, ADD COLUMN limit_speed_kmh double precision,
            ADD COLUMN radius_m double precision, ADD COLUMN classes text, ADD COLUMN allowed text,
            ADD COLUMN schedule text, ADD COLUMN grade integer;
        """,
    )
