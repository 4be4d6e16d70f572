"""Cards of the demo's main zones, begun from the registers and kept as they are: in a plant somebody would go over every line first."""

from __future__ import annotations

import asyncio

from domain.risk import cards, repository
from domain.risk.schemas import CardIn
from twin.auth.demo import act
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork

ZONES = ("Z-11", "Z-12", "Z-13", "Z-14", "Z-21", "Z-22", "Z-23", "Z-41", "Z-51", "Z-52")
#: Posts of these zones, named as people's duties are.
POSTS = (("Z-11", "储运外操"), ("Z-13", "储运外操"), ("Z-21", "装置外操"), ("Z-22", "装置外操"), ("Z-51", "装卸工"))


async def write(uow: UnitOfWork, manager: Principal) -> None:
    """As the manager would: the draft, without headings of which the registers know nothing. Cards that are there stay."""
    there = {(row["zone"], row["kind"], row["post"]) for row in await repository.cards(uow.session, ZONES)}
    wanted = [(zone, kind, "") for zone in ZONES for kind in ("emergency", "knowledge")]
    for zone, kind, post in [*wanted, *((zone, "post", post) for zone, post in POSTS)]:
        if (zone, kind, post) in there:
            continue
        draft = await cards.draft(uow, manager, zone, kind, post, "zh-CN")
        known = [section for section in draft.sections if section.lines]
        if known:
            body = CardIn(title=draft.title, sections=known, phones=draft.phones, version=0)
            await cards.put(uow, manager, zone, kind, post, body)


def main() -> None:
    """Do it once, outside of any event loop."""
    asyncio.run(act("manager", write))
