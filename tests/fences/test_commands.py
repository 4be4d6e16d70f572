"""A call's command reaches a badge over a real MQTT broker, and its reply comes back as a fact."""

from __future__ import annotations

import asyncio

import aiomqtt
import orjson
from sqlalchemy import text

from realtime.fences.commands import TOPIC, BadgeCommands, command_topic
from realtime.simulators.broker import DemoBroker
from tests.conftest import Enterprise
from tests.ingest.support import quiet_port
from twin.db.uow import unit_of_work
from twin.ids import uuid7


def test_a_code_cannot_reach_beyond_its_own_topic() -> None:
    assert command_topic("P/+/#") == "badges/P/command"


async def test_a_badge_vibrates_and_says_so(enterprise: Enterprise) -> None:
    port = quiet_port()
    broker = DemoBroker(port)
    await broker.start()
    commands = BadgeCommands(f"mqtt://twin:secret@127.0.0.1:{port}")
    running = asyncio.create_task(commands.run())
    call = str(uuid7())
    try:
        async with aiomqtt.Client("127.0.0.1", port, username="badge", password="secret") as badge:
            await badge.subscribe("badges/P-0007/command", qos=1)

            async def press() -> None:
                # Followers begin with what comes after they are in place: say it until it is heard.
                while True:
                    async with unit_of_work(enterprise.id) as uow:
                        await uow.emit(TOPIC, "vibrate", "P-0007", {"command": "vibrate", "call": call})
                    await asyncio.sleep(0.2)

            pressing = asyncio.create_task(press())
            try:
                async with asyncio.timeout(60):
                    async for message in badge.messages:
                        assert isinstance(message.payload, bytes)
                        assert orjson.loads(message.payload) == {"command": "vibrate", "call": call}
                        break
            finally:
                pressing.cancel()
            told = 0
            async with asyncio.timeout(60):
                while not told:
                    await badge.publish("badges/P-0007/reply", b"nonsense", qos=1)
                    await badge.publish("badges/P-0007/reply", orjson.dumps({"call": call}), qos=1)
                    await asyncio.sleep(0.1)
                    async with unit_of_work(enterprise.id) as uow:
                        rows = await uow.session.execute(
                            text(
                                "SELECT count(*) FROM outbox WHERE topic = :t AND kind = 'delivered' AND key = 'P-0007'"
                            ),
                            {"t": TOPIC},
                        )
                        told = rows.scalar_one()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await broker.stop()
