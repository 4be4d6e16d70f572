"""Numbering the outbox in one call: commit to follower took fifteen round trips before."""

from alembic import op

from twin.db.rls import script

revision = "0003_outbox_number"
down_revision = "0002_spatial"
branch_labels = None
depends_on = None

# layer_head is never pruned, so its maximum is the last number ever given; the lock makes it ours to go on from. Rows
# that became visible together are ordered by id: that is the order in which transactions that waited for one another
# wrote them. Every statement of a volatile function has a snapshot of its own, so the last one sees what the former
# holder of the lock committed.
_FUNCTION = """
CREATE FUNCTION outbox_number(batch integer, lock_key bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    counted integer;
BEGIN
    PERFORM 1 FROM outbox WHERE seq IS NULL LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    IF NOT pg_try_advisory_xact_lock(lock_key) THEN
        -- Somebody else is numbering: wait for exactly as long as that takes, and see what is left.
        PERFORM set_config('lock_timeout', '2s', true);
        PERFORM pg_advisory_xact_lock(lock_key);
        PERFORM 1 FROM outbox WHERE seq IS NULL LIMIT 1;
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
    END IF;
    WITH last AS (SELECT COALESCE(max(seq), 0) AS seq FROM layer_head),
    fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS n
              FROM (SELECT id FROM outbox WHERE seq IS NULL ORDER BY id LIMIT batch) o),
    numbered AS (UPDATE outbox o SET seq = last.seq + fresh.n FROM fresh, last WHERE o.id = fresh.id
                 RETURNING o.enterprise_id, o.topic, o.seq),
    heads AS (INSERT INTO layer_head AS h (enterprise_id, topic, seq)
              SELECT enterprise_id, topic, max(seq) FROM numbered GROUP BY 1, 2 ORDER BY 1, 2
              ON CONFLICT (enterprise_id, topic) DO UPDATE SET seq = excluded.seq)
    SELECT count(*) INTO counted FROM numbered;
    RETURN counted;
END $$;
"""


def upgrade() -> None:
    """Apply."""
    script(op, _FUNCTION)
