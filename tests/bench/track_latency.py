"""From a badge's measurement to a screen: broker, tracking process, hub and client are processes of their own, as in a plant.

300 badges on a floor of the demo plant are measured once a second, in ten groups that a gateway publishes one after the
other. A fix has come when a client of the hub is given a position whose event time is the measurement's.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiomqtt
import httpx
import msgpack
import numpy as np
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from realtime.hub.codec import MSGPACK_PROTOCOL
from realtime.simulators.broker import DemoBroker
from tests.bench.harness import Row, quantile
from tests.bench.scratch import database
from tests.support import PASSWORD, make_enterprise
from tests.tracking.support import people
from twin import clock
from twin.db import uow
from twin.db.cluster import free_port
from twin.ops.lifeline import run_service
from twin.settings import Settings, child_environment

BADGES, GROUPS, SECONDS = 300, 10, 20
_ROOT = Path(__file__).resolve().parent.parent.parent


class Screen:
    """What a client of the hub has, and when each fix that was waited for came: ``{(badge, event time): s since 1970}``."""

    def __init__(self) -> None:
        self.came: dict[tuple[str, float], float] = {}
        self.known: set[str] = set()
        self._waiting: dict[str, list[float]] = {}

    def expect(self, badge: str, t: float) -> None:
        """A measurement of ``badge`` is published now."""
        self._waiting.setdefault(badge, []).append(t)

    async def run(self, socket: ClientConnection) -> None:
        """Take what comes until cancelled."""
        await socket.send(msgpack.packb({"op": "sub", "id": 1, "topic": "positions", "mode": "latest"}))
        async for frame in socket:
            now = clock.timestamp()
            message = msgpack.unpackb(frame)
            for item in message.get("items", ()) if message["op"] == "delta" else ():
                badge, t = item["v"]["badge"], item["v"]["t"]
                self.known.add(badge)
                waiting = self._waiting.get(badge, [])
                while waiting and waiting[0] <= t + 1e-5:  # positions tell microseconds
                    self.came[badge, waiting.pop(0)] = now

    @property
    def missing(self) -> int:
        """Fixes that have not come."""
        return sum(map(len, self._waiting.values()))


def _ranges() -> dict[str, list[list[object]]]:
    """What each badge measures where it stands on the second floor of the control building."""
    from tests.tracking.test_live import control_room

    rng = np.random.default_rng(11)
    return {
        f"P-{n:04d}": control_room((float(rng.uniform(-125, -95)), float(rng.uniform(-168, -152))))
        for n in range(1, BADGES + 1)
    }


async def _measure(mqtt: aiomqtt.Client, screen: Screen, seconds: int, told: bool) -> None:
    """Publish a group every tenth of a second."""
    names = list(measured := _ranges())
    due = clock.monotonic()
    for n in range(seconds * GROUPS):
        now = clock.timestamp()
        badges = [{"badge": name, "ranges": measured[name]} for name in names[n % GROUPS :: GROUPS]]
        if told:
            for one in badges:
                screen.expect(str(one["badge"]), now)
        await mqtt.publish("positions/gw", orjson.dumps({"gateway": "GW", "t": now, "badges": badges}))
        due += 1.0 / GROUPS
        await asyncio.sleep(max(0.0, due - clock.monotonic()))


@contextmanager
def _process(*command: str, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=_ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def _is_up(broker: int, hub: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
        while True:
            try:
                await http.get(f"http://127.0.0.1:{hub}/health")
                _, writer = await asyncio.open_connection("127.0.0.1", broker)
                return writer.close()
            except (httpx.TransportError, OSError):
                await asyncio.sleep(0.1)


async def _run(settings: Settings, hub_port: int, mqtt_port: int) -> list[float]:
    from twin.auth.service import sign_in

    enterprise = await make_enterprise("demo")
    await people(enterprise.id, BADGES)
    token = (await sign_in("manager", PASSWORD)).secret
    await uow.dispose()
    environment = child_environment(settings) | {
        "TWIN_HUB_PORT": str(hub_port),
        "TWIN_TRACKING_MQTT_URL": f"mqtt://bench:x@127.0.0.1:{mqtt_port}",
    }
    with (
        _process(__name__, str(mqtt_port), environment=environment),
        _process("realtime.hub.server", environment=environment),
        _process("realtime.tracking.server", environment=environment),
    ):
        await _is_up(mqtt_port, hub_port)
        async with connect(
            f"ws://127.0.0.1:{hub_port}/", subprotocols=[Subprotocol(MSGPACK_PROTOCOL)], compression=None, proxy=None,
            max_size=None, additional_headers={"Authorization": f"Bearer {token}"},
        ) as socket:  # fmt: skip
            screen = Screen()
            watching = asyncio.create_task(screen.run(socket))
            async with aiomqtt.Client(
                "127.0.0.1", mqtt_port, username="gw", password="x", protocol=aiomqtt.ProtocolVersion.V311
            ) as mqtt:
                async with asyncio.timeout(90):
                    while len(screen.known) < BADGES:
                        await _measure(mqtt, screen, 1, told=False)
                await _measure(mqtt, screen, 3, told=False)
                await _measure(mqtt, screen, SECONDS, told=True)
                async with asyncio.timeout(30):
                    while screen.missing:  # noqa: ASYNC110 what comes over the socket counts
                        await asyncio.sleep(0.1)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    return [came - t for (_, t), came in screen.came.items()]


def rows() -> list[Row]:
    """p50 and p99 over :data:`BADGES` x :data:`SECONDS` fixes."""
    with database() as settings:
        ages = asyncio.run(_run(settings, free_port(), free_port()))
    assert len(ages) == BADGES * SECONDS
    name = f"MQTT broker to a hub client, {BADGES} badges at 1 Hz, {len(ages)} fixes"
    return [
        Row(f"{name}, p50", "s", quantile(ages, 0.5), None, "", "lower"),
        Row(f"{name}, p99", "s", quantile(ages, 0.99), None, "goal of the issue", "lower", 1.0),
    ]


def _broker() -> None:
    async def serve(_: Settings, stop: asyncio.Event) -> None:
        broker = DemoBroker(int(sys.argv[1]))
        await broker.start()
        await stop.wait()
        await broker.stop()

    os.environ["TWIN_PARENT"] = str(os.getppid())
    run_service(serve, plain_loop=True)


if __name__ == "__main__":
    _broker()
