"""Risk cards of posts (岗位风险卡)."""

from alembic import op

from twin.db.rls import script

revision = "0002_post_cards"
down_revision = "0001_zone_cards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    script(
        op,
        """
ALTER TABLE zone_card DROP CONSTRAINT zone_card_kind_check;
ALTER TABLE zone_card ADD CONSTRAINT zone_card_kind_check CHECK (kind IN ('emergency', 'knowledge', 'post') AND (kind <> 'post' OR post <> ''));
""",
    )
