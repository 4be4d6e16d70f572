"""Wireless sensors of the demo's warehouses: a publisher with JSON messages, as a client of the demo's broker."""

from __future__ import annotations

import json
from collections.abc import Mapping

import aiomqtt

from realtime.simulators.process import walk
from realtime.simulators.scenarios import RAMP
from realtime.simulators.servers import QUIET, TOPIC, mqtt_devices
from twin import clock


class MqttSimulator:
    """Publishes every sensor's value; :meth:`advance` moves them by a second. A broker that is away is tried again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._walks = {d.tag: walk(d) for d in mqtt_devices()}
        self._client: aiomqtt.Client | None = None

    async def advance(self, driven: Mapping[str, float] = QUIET) -> None:
        """A second of process, told to the broker."""
        for tag, made in self._walks.items():
            if tag in driven:
                made.drive(driven[tag], RAMP)
            else:
                made.advance()
        try:
            client = await self._connected()
            for tag, made in self._walks.items():
                message = {"ts": clock.now().isoformat(), "value": made.value}
                await client.publish(f"{TOPIC}/{tag}", json.dumps(message), qos=1)
        except aiomqtt.MqttError:
            await self.stop()

    async def _connected(self) -> aiomqtt.Client:
        if self._client is None:
            client = aiomqtt.Client("127.0.0.1", self._port, username="sensors", timeout=2)
            await client.__aenter__()
            self._client = client
        return self._client

    async def stop(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.__aexit__(None, None, None)
            except aiomqtt.MqttError:
                return
