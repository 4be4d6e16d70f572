"""Tanks of the map are inputs of the units that store in them."""

from __future__ import annotations

from domain.chemicals import repository, service
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork


class FromTanks:
    """A tank that is changed, deleted or imported makes its units be computed anew."""

    name = "chemicals-from-tanks"
    topics = ("layer.tank",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Only results with new inputs are kept, so telling it twice changes nothing."""
        code = str(event.payload.get("properties", {}).get("code", ""))
        await service.reassess(uow, await repository.units_with_tanks(uow.session), f"tank:{code}" if code else "tank")


SUBSCRIBERS = (FromTanks(),)
