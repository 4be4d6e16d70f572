"""Encoded tiles in this process: least recently used out first, bounded in bytes, built once however many ask."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable


class TileCache:
    """Maps (enterprise, layers, z, x, y, version, encoding) to bytes; a newer version never finds an older tile."""

    def __init__(self, limit: int = 64 * 1024 * 1024) -> None:
        self.limit = limit
        self.size = 0
        self._tiles: OrderedDict[Hashable, bytes] = OrderedDict()
        self._building: dict[Hashable, asyncio.Task[bytes]] = {}

    async def get(self, key: Hashable, build: Callable[[], Awaitable[bytes]]) -> bytes:
        """The tile of ``key``, from memory or by ``build``. Callers that come meanwhile wait for the same build."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
            return found
        task = self._building.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.ensure_future(self._build(key, build))
            self._building[key] = task
        # Shielded: whoever gives up (a closed browser) must not take the tile away from the others.
        return await asyncio.shield(task)

    async def _build(self, key: Hashable, build: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            tile = await build()
        finally:
            self._building.pop(key, None)
        self._put(key, tile)
        return tile

    def _put(self, key: Hashable, tile: bytes) -> None:
        if len(tile) > self.limit // 4:
            return
        old = self._tiles.pop(key, None)
        self.size += len(tile) - (len(old) if old is not None else 0)
        self._tiles[key] = tile
        # An empty tile still costs its key.
        while (self.size > self.limit or len(self._tiles) > 100_000) and self._tiles:
            _, gone = self._tiles.popitem(last=False)
            self.size -= len(gone)
