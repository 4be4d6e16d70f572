"""Reading one value now, to see whether settings are right, without touching what runs or is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError, SourceKind


@dataclass
class Heard:
    """What a test heard: the first sample of each address; ``alive``: the source has said anything at all."""

    values: dict[int, tuple[int | None, float, int]] = field(default_factory=dict)
    alive_: bool = False
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def sample(self, tag: int, ts: int | None, value: float, quality: int) -> None:
        """Take a sample."""
        self.values[tag] = (ts, value, quality)
        self.event.set()

    def alive(self, tags: Sequence[int] | None = None) -> None:
        """Note that the source lives."""
        self.alive_ = True
        self.event.set()

    def since(self, tag: int) -> int | None:
        """A test asks for no history."""
        return None

    def replay(self, tag: int, ts: int, value: float, quality: int) -> None:
        """A test asks for no history."""


async def read_once(
    kind: SourceKind[BaseModel], settings: BaseModel, addresses: Sequence[str], seconds: float
) -> tuple[Heard, str]:
    """Run a source until every address has a value (without any: until it lives) or the time is over.

    Returns:
        What was heard, and what went wrong ("" for nothing).

    Raises:
        AddressInvalid: an address is not of this kind.
    """
    for address in addresses:
        try:
            kind.check(address)
        except ValueError as error:
            raise AddressInvalid(address=address) from error
    heard = Heard()
    points = [FieldPoint(n, address) for n, address in enumerate(addresses)]
    task = asyncio.create_task(kind.run(kind.probe(settings), points, heard))
    try:
        async with asyncio.timeout(seconds):
            while not (len(heard.values) == len(points) and (points or heard.alive_)):
                heard.event.clear()
                waiting = asyncio.create_task(heard.event.wait())
                await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if task.done():
                    break
    except TimeoutError:
        return heard, "" if heard.alive_ and not points else "timeout"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    fault = task.exception() if not task.cancelled() else None
    if fault is None:
        return heard, ""
    if isinstance(fault, SourceError | OSError):
        return heard, str(fault) or type(fault).__name__
    return heard, f"{type(fault).__name__}: {fault}"
