"""Time that counts for no escalation: the wall clock was set, or nobody could have taken an alarm.

"Nobody has taken it for five minutes" counts from when the alarm was raised, which is written down by the wall clock. Somebody sets that clock:
forward, and everything would escalate at once; back, and nothing would for as long. And while the product or its database is down nobody can
take an alarm, so that time counts for nothing either. What does not count is kept by alarm, over restarts too.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from domain.alarms import repository
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

log = structlog.get_logger("domain.alarms")

_NAME = "escalation"
#: s between two notes that this process is alive, and the longest pause between two looks that is no outage.
_NOTE, _PAUSE = 5.0, 15.0


class SetClock:
    """Watches the wall clock and the pauses; ask :meth:`look` before every pass."""

    def __init__(self) -> None:
        self._watch = clock.SetWatch()
        self._jumped = 0.0
        self._looked: float | None = None  # monotonic, last time that the database took it
        self._noted = -_NOTE

    async def look(self) -> None:
        """Take note of what has happened since the last look.

        Raises:
            DBAPIError, OSError: the database is away; the next look knows.
        """
        self._jumped += self._watch.jump()
        now, mono = clock.now(), clock.monotonic()
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            if self._looked is None:
                since = await repository.alive(uow.session, _NAME) or now
                if (now - since).total_seconds() < -_PAUSE:  # the clock was set back while this process was down
                    await repository.add_wait(uow.session, (now - since).total_seconds(), now, now)
            else:
                since = now - timedelta(seconds=mono - self._looked)
            if (passed := (now - since).total_seconds()) > _PAUSE:
                log.warning("an outage counts for no escalation", seconds=round(passed, 1))
                await repository.add_pause(uow.session, since, now)
            if self._jumped:
                log.warning("the wall clock was set", by_s=round(self._jumped, 3))
                await repository.add_wait(uow.session, self._jumped, since, now)
                await repository.shift_messages(uow.session, timedelta(seconds=self._jumped))
            if mono - self._noted >= _NOTE:
                await repository.mark_alive(uow.session, _NAME, now)
                self._noted = mono
        self._jumped, self._looked = 0.0, mono
