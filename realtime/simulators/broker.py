"""A small MQTT broker (amqtt) for the demo and the tests: plants have their own."""

from __future__ import annotations

import logging

from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.contexts import BrokerConfig  # type: ignore[import-untyped]


class DemoBroker:
    """A broker on the loopback address; clients give a name (amqtt keeps no messages for the nameless), no password."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._broker: Broker | None = None

    async def start(self) -> None:
        """Listen."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.ERROR)
        config = BrokerConfig.from_dict(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}", "max_connections": 200}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": False}},
            }
        )
        self._broker = Broker(config)
        await self._broker.start()

    def away(self, client_id: str) -> bool:
        """Whether the broker knows that a client has left."""
        assert self._broker is not None
        session, _ = self._broker._sessions[client_id]
        return bool(session.transitions.state == "disconnected")

    async def stop(self) -> None:
        """Hang up everybody."""
        broker, self._broker = self._broker, None
        if broker is not None:
            await broker.shutdown()
