"""One enterprise's live positions: tracker, tracks, accuracy, raw window, what is told to hub, fences and alarms."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import numpy as np
import structlog

from realtime.hub.ingest import Publisher
from realtime.positioning.anchors import AnchorState
from realtime.positioning.anchors import health as anchor_health
from realtime.positioning.types import Records
from realtime.tracking import raw
from realtime.tracking.batch import FixBatch
from realtime.tracking.config import TrackingSettings
from realtime.tracking.health import Accuracy, Figures, Verdict, Watch
from realtime.tracking.messages import MessageInvalid, decode, from_report
from realtime.tracking.repository_tracks import Row
from realtime.tracking.store import Keeper
from realtime.tracking.stream import Items
from realtime.tracking.streams import POSITIONS
from realtime.tracking.tracker import Call, Tracker
from realtime.tracking.vendors import Mapping
from realtime.tracking.world import LIMIT, World
from twin import clock
from twin.settings import Settings

log = structlog.get_logger("realtime.tracking")


class Consumer(Protocol):
    """Somebody who takes every batch (``realtime.fences.runner.FenceRunner``)."""

    async def feed(self, batch: FixBatch) -> None:
        """Take a batch; an error is logged and the next batch comes all the same."""

    async def close(self) -> None:
        """The process ends."""


@dataclass
class Minute:
    """Measurements of the running minute for the forensic window."""

    batches: list[Records] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)


class PlantTracking:
    """Everything of one enterprise.

    Args:
        calls: gets SOS calls the moment they arrive.
    """

    def __init__(
        self,
        settings: Settings,
        tracking: TrackingSettings,
        world: World,
        publisher: Publisher,
        calls: asyncio.Queue[tuple[UUID, Call]],
    ) -> None:
        self.enterprise = world.plant.enterprise
        self._settings, self._tracking, self._publisher = settings, tracking, publisher
        self.tracker = Tracker(world, lambda call: calls.put_nowait((self.enterprise, call)), tracking.silent_s)
        self.keeper, self.accuracy = Keeper(), Accuracy()
        self.watch = Watch(tracking.share, tracking.delay_s)
        self._minute = Minute()
        self._items = Items()
        self._noted: dict[str, float] = {}
        self.figures: list[Figures] = []
        self.feed_told: bool | None = None  # whether the desk knows the feed as lost; None: not told yet
        self._began = clock.timestamp()

    @property
    def _state_file(self) -> Path:
        return self._settings.var_dir / "tracking" / str(self.enterprise) / "state.npz"

    def take(self, message: bytes, mapping: Mapping | None, now: float) -> None:
        """A message that arrived at ``now``; one that is none is counted."""
        names = self.tracker.world.names
        try:
            if mapping is not None:
                import orjson

                try:
                    report: Any = orjson.loads(message)
                    ours = isinstance(report, dict) and "gateway" in report and "badges" in report
                    heard = from_report(report if ours else mapping.report(report), names, now)
                except (ValueError, TypeError, KeyError) as error:
                    raise MessageInvalid(str(error)) from error
            else:
                heard = decode(message, names, now)
        except MessageInvalid as error:
            self.tracker.counters["unreadable"] += 1
            log.debug("a message is unreadable", error=str(error))
            return
        self.tracker.take(heard, now)
        if heard.measurements.size:
            self._minute.batches.append(heard.measurements)
            self._minute.arrived.append(now)

    def tell(self, now: float) -> None:
        """Between two beats: what has been measured meanwhile goes to the hub, nothing else."""
        self._publisher.publish(self.enterprise, POSITIONS, self._items.news(self.tracker.news(now)))

    def tick(self, now: float) -> tuple[FixBatch, list[Row]]:
        """A beat: publishes to the hub; the batch, and the track points that it settles."""
        batch = self.tracker.tick(now)
        zones = self.tracker.world.zones
        self.accuracy.add(batch, zones.limit, LIMIT)
        self._publisher.publish(self.enterprise, POSITIONS, self._items.of(batch))
        return batch, self.keeper.take(batch)

    def feed_lost(self, now: float) -> bool | None:
        """Whether no positions come in; None while that is not known: nothing was heard since the start, and it is not long ago."""
        listening = self.tracker.listening
        if not listening.lost(now):
            return False if listening.heard > -np.inf else None
        return True if now - self._began > self._tracking.silent_s else None

    def close_window(self, now: datetime) -> tuple[list[Row], list[Verdict]]:
        """End a window of accuracy: rows for the history, and zones that fell short or recovered."""
        self.figures = self.accuracy.close()
        rows: list[Row] = [
            (self.enterprise, now, f.zone, f.fixes, f.within, f.limit, f.r95, f.delay_p50, f.delay_p99)
            for f in self.figures
        ]
        if self.tracker.listening.lost(now.timestamp()):
            self.watch.pause()  # one alarm of the feed says it for all zones
            return rows, []
        return rows, self.watch.judge(self.figures)

    def anchor_rows(self, now: datetime) -> list[Row]:
        """Health of every anchor for the history."""
        engine = self.tracker.engine
        found = anchor_health(engine.health, now.timestamp())
        return [
            (
                self.enterprise, now, code, int(h["count"]), float(h["reject_share"]), float(h["residual_mean"]),
                float(h["residual_rms"]), None if np.isnan(h["silent"]) else float(h["silent"]),
                AnchorState(int(h["state"])).name.lower(),
            )
            for code, h in zip(engine.anchors.ids, found, strict=True)
        ]  # fmt: skip

    def heartbeats(self) -> tuple[dict[str, datetime], dict[str, float]]:
        """Badges heard since the last call, with the newest event time; batteries told since then."""
        seen = {}
        for code, t in zip(self.tracker.world.badges, self.tracker.engine.seen.tolist(), strict=False):
            if t > self._noted.get(code, -np.inf) and t > 0.0:
                self._noted[code] = t
                seen[code] = datetime.fromtimestamp(t, UTC)
        battery, self.tracker.battery = self.tracker.battery, {}
        return seen, battery

    def counts(self) -> dict[str, Any]:
        """Messages and measurements taken and refused, badges nobody knows."""
        tracker = self.tracker
        return {
            **dict(tracker.counters),
            **tracker.engine.refused(),
            "badges": len(tracker.world.badges),
            "fixes": 0 if tracker.last is None else len(tracker.last),
            "strangers": sorted(tracker.strangers, key=lambda c: -tracker.strangers[c])[:20],
        }

    def write_minute(self, at: datetime) -> None:
        """Put the running minute into the forensic window; runs in a thread."""
        minute, self._minute = self._minute, Minute()
        if minute.batches:
            sizes = [b.size for b in minute.batches]
            raw.write(
                raw.folder(self._settings, self.enterprise), at, np.concatenate(minute.batches),
                np.repeat(minute.arrived, sizes), self.tracker.world.badges, self.tracker.world.table.ids,
            )  # fmt: skip

    def save(self) -> None:
        """Write the engine's state for a restart."""
        path = self._state_file
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        newest = clock.timestamp() if self.tracker.last is None else self.tracker.last.at
        with part.open("wb") as out:
            np.savez(out, **self.tracker.snapshot(), saved=np.array(newest))  # type: ignore[arg-type]
        part.replace(path)

    def resume(self) -> bool:
        """Go on from the last run's state, if there is one that can be read; whether it was."""
        try:
            with np.load(self._state_file) as data:
                saved = {name: data[name] for name in data.files}
            if float(saved.pop("saved")) > clock.timestamp():
                log.warning("the engine's last state is of the future: the clock was set back; it starts anew")
                return False
            self.tracker.restore(saved)
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, EOFError) as error:
            log.warning("the engine's last state cannot be read; it starts anew", error=str(error))
            return False
        return True
