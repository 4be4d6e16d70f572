"""What a wall clock that was set does to the spans of escalation: nothing.

"Nobody has taken it for five minutes" counts from when the alarm was raised, which is written down by the wall clock. Somebody sets that clock:
forward, and everything would escalate at once; back, and nothing would for as long. So the process remembers by how much the clock was set
since each alarm was raised. (A restart forgets it: then the wall clock counts.)
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog

from domain.alarms import repository
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

log = structlog.get_logger("domain.alarms")


class SetClock:
    """Watches the wall clock; ask :meth:`look` before every pass.

    Attributes:
        by: alarm to the seconds by which the clock was set since it was raised.
    """

    def __init__(self) -> None:
        self._watch = clock.SetWatch()
        self._looked = clock.monotonic()
        self.by: dict[UUID, float] = {}

    async def look(self) -> None:
        """Take note when the clock was set since the last look."""
        by, now, looked = self._watch.jump(), clock.now(), self._looked
        self._looked = clock.monotonic()
        if not by:
            return
        log.warning("the wall clock was set", by_s=round(by, 3))
        # what was raised since the clock was set is dated by it already
        fresh = now - timedelta(seconds=self._looked - looked)
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            raised = await repository.raised(uow.session)
            await repository.shift_messages(uow.session, timedelta(seconds=by))
        known = self.by
        self.by = {
            alarm: known.get(alarm, 0.0) + (0.0 if fresh < at <= now and alarm not in known else by)
            for alarm, at in raised
        }
