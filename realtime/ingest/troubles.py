"""The gateway's own faults as system alarms: a sink that fails, samples that neither database nor disk could take,
and facts (alarms) that a sink could not keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from realtime.alarms import repository_points
from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

#: 1 red .. 4 blue.
GRADES = {"sink_failed": 2, "samples_lost": 1, "facts_lost": 1}
_HEAD = "gateway:"


class Troubles:
    """Keeps the alarms of the gateway in step with what is wrong now, in every enterprise whose sources it runs."""

    def __init__(self) -> None:
        self._told: dict[UUID, set[str]] | None = None

    async def tell(self, enterprises: Iterable[UUID], now: Mapping[tuple[str, str], dict[str, Any]]) -> None:
        """Raise what has begun and clear what has ended; what an earlier process left standing too.

        Args:
            now: type and name of each trouble -> values for its text.

        Raises:
            DBAPIError, OSError: the database is away; nothing is lost, call again.
        """
        if self._told is None:
            async with unit_of_work(ALL_ENTERPRISES) as uow:
                self._told = {}
                for enterprise, key in await repository_points.active_system_keys(uow.session, _HEAD):
                    self._told.setdefault(enterprise, set()).add(key)
        keys = {f"{_HEAD}{type_}:{name}": (type_, name, params) for (type_, name), params in now.items()}
        for enterprise in {*enterprises, *self._told}:
            told = self._told.get(enterprise, set())
            if told == set(keys):
                continue
            async with unit_of_work(enterprise, origin="gateway") as uow:
                for key in keys.keys() - told:
                    type_, name, params = keys[key]
                    fact = AlarmFact(key, "system", type_, GRADES[type_], clock.now(), params, subject_name=name)
                    await raise_alarm(uow, fact)
                for key in told - keys.keys():
                    await clear_alarm(uow, key, clock.now())
            self._told[enterprise] = set(keys)
