"""Layouts of big screens."""

from alembic import op

from twin.db.rls import enable_rls, script

revision = "0001_screens"
down_revision = None
branch_labels = ("screens",)
depends_on = "0001_kernel"

_TABLES = """
CREATE TABLE screen_layout (
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    scene text NOT NULL CHECK (scene IN ('control_room', 'gatehouse', 'meeting')),
    layout jsonb NOT NULL,
    version integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL DEFAULT '',
    CONSTRAINT uq_screen_layout_enterprise_id_scene UNIQUE (enterprise_id, scene)
);
"""


def upgrade() -> None:
    """Apply."""
    script(op, _TABLES)
    enable_rls(op, "screen_layout")
