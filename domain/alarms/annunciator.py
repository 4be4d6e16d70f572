"""Drives audible and visual annunciators: a coil is on while an unacknowledged alarm of its grade stands."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from domain.alarms import repository
from domain.alarms.desk import AnnunciatorSettings, DeskSettings
from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

log = structlog.get_logger("domain.alarms")

_KEY = "annunciator"
_TIMEOUT = 1.0


class Annunciators:
    """The annunciators of all enterprises; call :meth:`step` once a second.

    Coils are written at every step, so that one that was restarted shows the right state again by itself.
    """

    def __init__(self) -> None:
        self._lines: dict[UUID, tuple[AnnunciatorSettings, AsyncModbusTcpClient]] = {}
        self._well: dict[UUID, bool] = {}

    async def step(self) -> None:
        """Write every coil once; one that cannot be reached is a system alarm, and keeps nobody else waiting."""
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            found = await repository.all_desk_settings(uow.session)
        wanted = {e: s for e, raw in found if (s := DeskSettings.model_validate(raw).annunciator) is not None}
        for enterprise in [e for e, (settings, _) in self._lines.items() if wanted.get(e) != settings]:
            self._lines.pop(enterprise)[1].close()
            if enterprise not in wanted:
                await self._tell(enterprise, True, "")
                self._well.pop(enterprise, None)
        await asyncio.gather(*(self._drive(enterprise, settings) for enterprise, settings in wanted.items()))

    async def _drive(self, enterprise: UUID, settings: AnnunciatorSettings) -> None:
        async with unit_of_work(enterprise) as uow:
            loud = await repository.loud_grades(uow.session)
        if enterprise not in self._lines:
            client = AsyncModbusTcpClient(
                settings.host, port=settings.port, timeout=_TIMEOUT, retries=0, reconnect_delay=0
            )
            self._lines[enterprise] = settings, client
        client = self._lines[enterprise][1]
        error = ""
        try:
            if not client.connected and not await client.connect():
                error = "no connection"
            for grade, coil in settings.coils.items() if not error else ():
                answer = await client.write_coil(coil, grade in loud, device_id=settings.unit)
                if answer.isError():
                    error = f"coil {coil}: {answer}"
        except (ModbusException, OSError) as fault:
            error = str(fault)
        if error:
            client.close()
        await self._tell(enterprise, not error, f"{settings.host}:{settings.port}")

    async def _tell(self, enterprise: UUID, well: bool, place: str) -> None:
        if self._well.get(enterprise) is well:
            return
        async with unit_of_work(enterprise, origin="annunciator") as uow:
            if well:
                await clear_alarm(uow, _KEY, clock.now())
            else:
                fact = AlarmFact(_KEY, "system", "annunciator", 2, clock.now(), {"place": place}, subject_name=place)
                await raise_alarm(uow, fact)
                log.warning("an annunciator cannot be reached", place=place)
        self._well[enterprise] = well

    def close(self) -> None:
        """Hang up; the coils stay as they are."""
        for _, client in self._lines.values():
            client.close()
        self._lines.clear()
