"""The demo plant's hazards, one or more in every state: real steps through the services, on earlier days.

The photos are drawn, say so, and pass the same challenge as any other; the demo's people sign with their public
passwords.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from domain.hazards import deadlines, service
from domain.hazards.schemas import Accept, Assign, Evaluate, Rectify, ReportIn
from twin import clock
from twin.auth.demo import principal
from twin.auth.principal import Principal
from twin.db import uow as db
from twin.db.features import features
from twin.db.uow import UnitOfWork, unit_of_work
from twin.documents.fonts import sans
from twin.photos import service as photos
from twin.registry.layer import layers
from twin.signature.schemas import Confirmation

#: Title, zone, class, source, department, days ago, days to put it right, how far it came, major.
HAZARDS = (
    ("丙烷球罐底部法兰轻微渗漏", "Z-11", 7, 1, "储运部", 1, 3, "reported", False),
    ("加氢装置压力表超检定期", "Z-21", 4, 3, "生产部", 2, 5, "to_assign", False),
    ("泵房防爆接线盒缺一颗螺栓", "Z-12", 3, 1, "储运部", 3, 7, "rectifying", False),
    ("气分装置可燃气体报警器零点漂移", "Z-22", 4, 2, "生产部", 9, 4, "rectifying", False),
    ("紧急切断阀远程关闭试验未通过", "Z-11", 2, 3, "储运部", 4, 10, "rectifying", True),
    ("危废库防渗地坪破损", "Z-52", 1, 2, "储运部", 6, 9, "extension_asked", False),
    ("循环水场临边护栏松动", "Z-43", 1, 1, "公用工程部", 5, 6, "to_accept", False),
    ("装卸鹤管静电接地夹磨损", "Z-51", 3, 1, "储运部", 12, 5, "closed", False),
    ("消防泵房应急灯不亮", "Z-44", 5, 1, "公用工程部", 15, 5, "closed", False),
    ("污水池盖板缺失", "Z-32", 1, 10, "安全环保部", 7, 5, "dismissed", False),
)
_PLAN = {
    "measures": "更换执行机构",
    "funds": "12 万元",
    "deadline": "十天",
    "responsible": "周建国",
    "emergency": "液化烃泄漏处置卡",
}


async def load() -> None:
    """Everything, oldest first."""
    try:
        people = {name: await principal(name) for name in ("employee", "manager", "leader")}
        now = clock.now()
        for n, row in enumerate(sorted(HAZARDS, key=lambda h: -h[5])):
            await _one(people, row, now - timedelta(days=row[5], hours=n % 5), 100 + n)
        await deadlines.run()
    finally:
        await db.dispose()


async def _one(people: dict[str, Principal], row: tuple[Any, ...], at: datetime, seed: int) -> None:
    title, zone, kind, source, department, _, span, until, major = row
    employee, manager, leader = people["employee"], people["manager"], people["leader"]

    async def step(who: Principal, hours: float, act: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        with clock.travel(at + timedelta(hours=hours)):
            async with unit_of_work(who.enterprise_id, who.account_id, origin="demo") as uow:
                return await act(uow)

    async def report(uow: UnitOfWork) -> tuple[UUID, str]:
        lon, lat = await _spot(uow, zone, seed)
        number = await service.reserve(uow, employee)
        photo = await _photo(uow, employee, "hazard", number, lon, lat, seed, title)
        body = ReportIn.model_validate(
            {"number": number, "title": title, "lon": lon, "lat": lat, "hazard_type": kind, "source": source,
             "department": department, "photos": [photo], "level": int(major)}
        )  # fmt: skip
        return await service.report(uow, employee, body), number

    id_, number = await step(employee, 0, report)
    if until == "dismissed":
        await step(manager, 2, lambda u: service.step(u, manager, id_, "dismiss", {"reason": "检修临时开启，已设围挡"}))
    if until in ("reported", "dismissed"):
        return
    grade = Evaluate.model_validate({"level": int(major), "hazard_type": kind, "criteria": ["05"] if major else []})
    await step(manager, 3, lambda u: service.evaluate(u, manager, id_, grade))
    if until == "to_assign":
        return
    given = Assign.model_validate(
        {"owner_id": employee.account_id, "acceptor_ids": [manager.account_id, leader.account_id],
         "deadline": at + timedelta(days=span), "plan": _PLAN if major else None}
    )  # fmt: skip
    await step(manager, 4, lambda u: service.assign(u, manager, id_, given))
    if until == "extension_asked":
        asked = {"until": at + timedelta(days=span + 10), "reason": "防渗材料到货延迟"}
        await step(employee, 30, lambda u: service.step(u, employee, id_, "ask_extension", asked))
    if until in ("rectifying", "extension_asked"):
        return

    async def rectify(uow: UnitOfWork) -> None:
        lon, lat = await _spot(uow, zone, seed)
        photo = await _photo(uow, employee, "hazard_rectification", number, lon, lat, seed + 500, "整改后")
        done = {"cause": "日常维护不到位", "measures": "已修复并复查合格", "cost": 0.2, "photos": [photo]}
        await service.rectify(uow, employee, id_, Rectify.model_validate(done))

    await step(employee, 48, rectify)
    if until == "closed":
        for n, who in enumerate((manager, leader)):
            signed = Accept(opinion="现场复查合格，同意销号", confirmation=_confirmation(seed + n))

            async def accept(uow: UnitOfWork, who: Principal = who, signed: Accept = signed) -> None:
                await service.accept(uow, who, id_, signed)

            await step(who, 60 + n, accept)


async def _spot(uow: UnitOfWork, zone: str, seed: int) -> tuple[float, float]:
    from domain.hazards import repository

    found = await repository.zone_centre(uow.session, [zone])
    if found is None:
        shown = await features(uow.session, layers()["site"])
        ring = shown[0]["geometry"]["coordinates"][0]
        found = (sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring))
    shift = random.Random(seed)
    return round(found[0] + shift.uniform(-1e-4, 1e-4), 7), round(found[1] + shift.uniform(-1e-4, 1e-4), 7)


async def _photo(
    uow: UnitOfWork, who: Principal, kind: str, number: str, lon: float, lat: float, seed: int, text: str
) -> UUID:
    challenge = await photos.challenge(uow, who, kind, number, lon, lat, "gnss")
    data = await asyncio.to_thread(_picture, seed, text)
    return (await photos.take(uow, who, challenge.id, data, photos.proof(challenge.nonce, data))).id


def _picture(seed: int, text: str) -> bytes:
    """A drawn scene that says it is one."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (960, 720), (120 + chance.randrange(60), 130 + chance.randrange(60), 140))
    pen = ImageDraw.Draw(picture)
    for _ in range(24):
        x, y, w, h = (
            chance.randrange(900),
            chance.randrange(640),
            chance.randrange(40, 260),
            chance.randrange(20, 160),
        )
        pen.rectangle(
            (x, y, x + w, y + h), fill=(chance.randrange(60, 220), chance.randrange(60, 220), chance.randrange(60, 220))
        )
    pen.text((40, 40), f"示范照片 {text}", font=sans(40), fill=(255, 255, 255))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=86)
    return out.getvalue()


def _confirmation(seed: int) -> Confirmation:
    from gis_assets.sites.demo.accounts import accounts

    chance = random.Random(seed)
    strokes = [[[0.1 + i * 0.08, 0.3 + chance.random() * 0.4] for i in range(10)] for _ in range(2)]
    return Confirmation(password=accounts()[0]["password"], strokes=strokes)


def main() -> None:
    """Run it outside of any event loop."""
    asyncio.run(load())
