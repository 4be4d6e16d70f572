"""After a gap: what an OPC UA server has kept of it (HistoryRead, OPC 10000-11, raw values) goes into the history.

Values that came by the subscription, too, are the same rows (tag and source time), so nothing is doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError

from realtime.history.samples import instant
from realtime.ingest.plugin import Sink
from twin import clock

log = structlog.get_logger("realtime.ingest")

#: Seconds before the last sample from which on the server is asked: what lay in its queues when the line broke.
MARGIN = timedelta(seconds=10)
_NODES = 50  # in one request
_VALUES = 5000  # of each node in one answer


@dataclass
class _Ask:
    node: ua.NodeId
    tags: list[int]
    start: datetime
    more: bytes | None = None


async def backfill(
    client: Client,
    nodes: dict[ua.NodeId, list[int]],
    sink: Sink,
    longest: timedelta,
    read: Callable[[ua.DataValue], tuple[int | None, float, int]],
) -> int:
    """Ask for what is missing of every node; how many values came.

    Args:
        nodes: node -> tags.
        longest: how far back at most.
        read: source time, value, quality of a value.
    """
    now = clock.now()
    asks = []
    for node, tags in nodes.items():
        known = [ts for tag in tags if (ts := sink.since(tag)) is not None]
        if known:
            asks.append(_Ask(node, tags, max(instant(min(known)) - MARGIN, now - longest)))
    count, refused = 0, 0
    for batch in _batches(asks):
        waiting = batch
        while waiting:
            try:
                answers = await _ask(client, waiting, now + timedelta(minutes=1))
            except UaError as error:
                log.info("the server offers no history", error=str(error))
                return count
            following = []
            for ask, answer in zip(waiting, answers, strict=True):
                if not answer.StatusCode.is_good():
                    refused += 1
                    continue
                values = getattr(answer.HistoryData, "DataValues", None) or []
                for value in values:
                    ts, number, quality = read(value)
                    if ts is None:
                        continue
                    count += 1
                    for tag in ask.tags:
                        sink.replay(tag, ts, number, quality)
                if answer.ContinuationPoint and answer.ContinuationPoint != ask.more and values:
                    ask.more = answer.ContinuationPoint
                    following.append(ask)
            waiting = following
    if count or refused:
        log.info("backfilled after a gap", values=count, nodes=len(asks), refused=refused)
    return count


def _batches(asks: Sequence[_Ask]) -> Iterator[list[_Ask]]:
    """Those with the same beginning together: a request has one period."""
    ordered = sorted(asks, key=lambda ask: ask.start)
    for start in range(0, len(ordered), _NODES):
        yield list(ordered[start : start + _NODES])


async def _ask(client: Client, asks: Sequence[_Ask], end: datetime) -> list[ua.HistoryReadResult]:
    details = ua.ReadRawModifiedDetails()
    details.IsReadModified = False
    details.StartTime = min(ask.start for ask in asks)
    details.EndTime = end
    details.NumValuesPerNode = ua.UInt32(_VALUES)
    details.ReturnBounds = False
    params = ua.HistoryReadParameters()
    params.HistoryReadDetails = details
    params.TimestampsToReturn = ua.TimestampsToReturn.Both
    params.ReleaseContinuationPoints = False
    for ask in asks:
        value = ua.HistoryReadValueId()
        value.NodeId = ask.node
        value.ContinuationPoint = ask.more
        params.NodesToRead.append(value)
    return list(await client.uaclient.history_read(params))
