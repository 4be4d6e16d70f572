"""The demo's 25 vehicles. Always the same ones; their units are in the ledger of terminals."""

from __future__ import annotations

from typing import Any

from domain.vehicles import repository
from domain.vehicles.models import Vehicle
from realtime.tracking import repository_bindings as bindings
from realtime.tracking.repository_bindings import Carrier
from twin import clock
from twin.db.uow import UnitOfWork
from twin.ids import uuid7

COUNT = 25
_TYPES = (("tanker", 8), ("truck", 6), ("forklift", 4), ("car", 4), ("fire", 2), ("crane", 1))
_FIRMS = {"tanker": "渤海危化品运输有限公司", "truck": "顺通物流有限公司", "crane": "华重吊装有限公司"}
_DRIVERS = [
    "赵师傅",
    "钱师傅",
    "孙师傅",
    "李师傅",
    "周师傅",
    "吴师傅",
    "郑师傅",
    "王师傅",
    "冯师傅",
    "陈师傅",
    "褚师傅",
    "卫师傅",
    "蒋师傅",
]


def vehicles() -> list[dict[str, Any]]:
    """All of them in the order of their units."""
    rows: list[dict[str, Any]] = []
    for kind, count in _TYPES:
        for _ in range(count):
            n = len(rows)
            tanker = kind == "tanker"
            inside = kind in ("forklift", "fire")
            rows.append(
                {
                    "plate": f"厂内{n + 1:03d}" if inside else f"冀J{'BCDEF'[n % 5]}{1370 + n * 173 % 8000:04d}",
                    "type": kind, "driver": _DRIVERS[n % len(_DRIVERS)], "phone": f"139{10000000 + n * 37:08d}",
                    "company": _FIRMS.get(kind, "渤海示范化工有限公司"), "waybill": f"YD2026{n + 1:06d}" if tanker else "",
                    "parking": ["Z-54", "Z-51"] if tanker else [], "parking_minutes": 120.0 if tanker else None,
                }
            )  # fmt: skip
    return rows


async def load(uow: UnitOfWork) -> int:
    """Put them in place with their units; what is there already stays. How many came."""
    now = clock.now()
    known = {row.plate for row in await repository.all_active(uow.session)}
    came = 0
    for n, values in enumerate(vehicles()):
        if values["plate"] in known:
            continue
        made = Vehicle(
            id=uuid7(), enterprise_id=uow.enterprise_id, version=1, created_at=now, updated_at=now, roads=[], **values
        )
        uow.session.add(made)
        await uow.session.flush()
        carrier = Carrier("vehicle", made.id, made.plate, made.type, made.company)
        await bindings.issue(uow.session, uow.enterprise_id, carrier, f"V-{n + 1:04d}", now)
        came += 1
    await uow.audit("vehicles.load", "vehicle", "demo", after={"vehicles": came})
    return came
