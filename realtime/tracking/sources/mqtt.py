"""Messages from an MQTT broker: the payload of every message under a topic filter."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiomqtt

from realtime.tracking.sources import Sink


@dataclass
class MqttSource:
    """A subscription (QoS 1).

    Attributes:
        url: ``mqtt://[user:password@]host[:port]``, ``mqtts://`` with the system's certificates.
    """

    url: str
    topic: str
    name: str = "mqtt"

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled."""
        at = urlsplit(self.url)
        secure = at.scheme == "mqtts"
        try:
            async with aiomqtt.Client(
                hostname=at.hostname or "127.0.0.1",
                port=at.port or (8883 if secure else 1883),
                username=at.username,
                password=at.password,
                protocol=aiomqtt.ProtocolVersion.V311,  # what plants' brokers and gateways speak
                tls_params=aiomqtt.TLSParameters() if secure else None,
            ) as client:
                await client.subscribe(self.topic, qos=1)
                async for message in client.messages:
                    if isinstance(message.payload, bytes):
                        sink(None, message.payload)
        except aiomqtt.MqttError as error:
            raise ConnectionError(str(error)) from error
