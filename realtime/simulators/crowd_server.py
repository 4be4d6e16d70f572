"""The crowd's process (``python -m realtime.simulators.crowd_server``): measurements over MQTT or UDP. Demo only.

A local datagram socket beside the hub's takes scenarios as JSON (``POST /api/demo/crowd``).
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import orjson
import structlog
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_H, to_lonlat

from realtime.simulators.crowd import Crowd, ScenarioUnknown
from realtime.simulators.crowd_field import Field
from realtime.tracking.config import TrackingSettings, tracking_settings
from realtime.tracking.demo import crowd_path
from realtime.tracking.frame import SiteFrame
from twin import clock
from twin.ops.lifeline import run_service, until_stopped
from twin.settings import Settings

log = structlog.get_logger("realtime.simulators")

_RETRY = 2.0


class CrowdServer:
    """Moves the crowd once a second and sends what its gateways measure."""

    def __init__(self, tracking: TrackingSettings, orders: Path, crowd: Crowd | None = None) -> None:
        lon, lat = to_lonlat(0.0, 0.0)
        self.crowd = crowd or Crowd()
        self._field = Field(self.crowd, SiteFrame(CRS_EPSG, lon, lat, ORIGIN_H))
        self._tracking, self._orders = tracking, orders
        self.sent = 0

    async def run(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        self._orders.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Orders(self.crowd), local_addr=str(self._orders), family=socket.AF_UNIX
            )
        finally:
            os.umask(before)
        try:
            if self._tracking.mqtt_url:
                await self._over_mqtt()
            else:
                await self._over_udp()
        finally:
            transport.close()
            self._orders.unlink(missing_ok=True)

    async def _seconds(self, queue: asyncio.Queue[bytes]) -> None:
        due = clock.monotonic()
        while True:
            self.crowd.advance(1.0)
            for message in self._field.messages(clock.timestamp()):
                if queue.full():
                    queue.get_nowait()  # while the network is away, old measurements are of no use
                queue.put_nowait(message)
            due = max(due + 1.0, clock.monotonic())
            await asyncio.sleep(due - clock.monotonic())

    async def _over_udp(self) -> None:
        queue: asyncio.Queue[bytes] = asyncio.Queue(200)
        walking = asyncio.create_task(self._seconds(queue))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                at = (self._tracking.host, self._tracking.udp_port)
                while True:
                    try:
                        out.sendto(await _next(queue, walking), at)
                        self.sent += 1
                    except ConnectionRefusedError:  # the tracking process is not up yet
                        continue
        finally:
            walking.cancel()

    async def _over_mqtt(self) -> None:
        at = urlsplit(self._tracking.mqtt_url)
        topic = self._tracking.mqtt_topic.replace("#", "crowd").replace("+", "crowd")
        queue: asyncio.Queue[bytes] = asyncio.Queue(200)
        walking = asyncio.create_task(self._seconds(queue))
        try:
            while True:
                try:
                    async with aiomqtt.Client(
                        hostname=at.hostname or "127.0.0.1", port=at.port or 1883, username=at.username,
                        password=at.password, protocol=aiomqtt.ProtocolVersion.V311,
                    ) as client:  # fmt: skip
                        while True:
                            await client.publish(topic, await _next(queue, walking), qos=0)
                            self.sent += 1
                except aiomqtt.MqttError as error:
                    log.warning("the crowd's broker is away", error=str(error))
                    await asyncio.sleep(_RETRY)
        finally:
            walking.cancel()


async def _next(queue: asyncio.Queue[bytes], walking: asyncio.Task[None]) -> bytes:
    """The next message; raises what ended the crowd."""
    getting = asyncio.create_task(queue.get())
    await asyncio.wait({getting, walking}, return_when=asyncio.FIRST_COMPLETED)
    if walking.done():
        getting.cancel()
        walking.result()
    return await getting


class _Orders(asyncio.DatagramProtocol):
    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            done = self._crowd.play(**orjson.loads(data))
            log.info("the crowd plays", **done)
        except (ScenarioUnknown, orjson.JSONDecodeError, TypeError) as error:
            log.warning("the crowd was asked for something unknown", error=str(error))


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Let the crowd walk until ``stop`` is set."""
    await until_stopped(CrowdServer(tracking_settings(), crowd_path(settings)).run(), stop)


def main() -> None:
    """Entry point."""
    run_service(serve, plain_loop=True)  # uvloop knows no datagrams of the local kind, by which orders come


if __name__ == "__main__":
    main()
