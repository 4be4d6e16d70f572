"""Hazards that other modules find become hazards of the loop."""

from __future__ import annotations

from uuid import UUID

from domain.hazards import repository, service
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.ids import uuid7
from twin.photos import repository as photo_rows
from twin.spatial import repository as spatial


class FromInspections:
    """A line of an inspection that was marked as a hazard is reported in the inspector's name, with its photos."""

    name = "hazards-from-inspections"
    topics = ("inspections",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Report it, once."""
        if event.kind != "hazard_found":
            return
        facts = event.payload
        site = await spatial.site(uow.session, None)
        if site is None or await repository.by_origin(uow.session, "inspection", event.key):
            return
        lon, lat = facts["lon"], facts["lat"]
        if lon is None:
            found = await repository.zone_centre(uow.session, facts["zones"])
            lon, lat = found or (site.origin[0], site.origin[1])
        number = await service.next_number(uow)
        ids = [UUID(i) for i in facts["photos"]]
        known = await photo_rows.taken(uow.session, ids)
        values = {
            "origin": "inspection",
            "origin_key": event.key,
            "source": facts["source"],
            "department": facts["department"],
            "description": facts["description"],
            "reporter_id": UUID(facts["reporter_id"]),
            "reporter_name": facts["reporter_name"],
            "check_record_id": UUID(event.key),
            "risk_measure_id": UUID(facts["risk_measure_id"]) if facts["risk_measure_id"] else None,
        }
        place = (lon, lat, None)
        await service.create(uow, uuid7(), number, facts["title"], place, [i for i in ids if i in known], values)


SUBSCRIBERS = (FromInspections(),)
