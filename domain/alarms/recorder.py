"""The port by which cameras are recorded, and a recorder over PyAV (optional extra ``video``).

Packets are kept and written as they come (nothing is decoded or encoded), so a camera costs next to nothing. A ring of
the newest packets, from a key frame on, gives the seconds before the alarm.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from twin import clock
from twin.errors import Unavailable
from twin.ids import uuid7

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]

log = structlog.get_logger("domain.alarms")

#: Seconds until the next try after a stream was lost; after the last of them that one again.
BACKOFF = (1.0, 2.0, 5.0, 15.0, 60.0)
_TIMEOUT = 5.0
#: Bytes of packets kept for one camera at most, whatever the pre-roll.
RING_BYTES = 64 * 1024 * 1024


class NoRecording(Unavailable):
    """The camera gives no picture, or this installation has no recorder."""

    code = "no_recording"


@dataclass(frozen=True)
class Clip:
    """A finished recording: its file (the taker deletes it), its length and how much of it lies before the call."""

    path: Path
    seconds: float
    pre_roll_s: float


class Recorder(Protocol):
    """What records cameras."""

    def watch(self, streams: Iterable[str], pre_roll_s: float) -> None:
        """Keep the newest seconds of exactly these streams (addresses) from now on."""

    async def record(self, stream: str, length_s: float, folder: Path) -> Clip:
        """Record from the kept seconds before now to ``length_s`` after now, as MP4.

        Raises:
            NoRecording: nothing came from the camera.
        """

    def close(self) -> None:
        """Let all streams go."""


class _Camera:
    """Reads one stream in a thread of its own until closed."""

    def __init__(self, url: str, pre_roll_s: float) -> None:
        self.url = url
        self.pre_roll_s = pre_roll_s
        self.error = ""
        self._ring: deque[tuple[float, Any, Any]] = deque()  # monotonic, packet, its template stream
        self._bytes = 0
        self._takers: list[deque[tuple[float, Any, Any]]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {url.rsplit('@')[-1]}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        tries = 0
        while not self._stop.is_set():
            began = clock.monotonic()
            try:
                self._read()
                self.error = "the stream ended"
            except Exception as error:  # whatever a camera does, the next try may go well
                self.error = f"{type(error).__name__}: {error}"
            with self._lock:  # packets of two connections do not fit together
                self._ring.clear()
                self._bytes = 0
            if clock.monotonic() - began > BACKOFF[-1]:
                tries = 0
            self._stop.wait(BACKOFF[min(tries, len(BACKOFF) - 1)])
            tries += 1

    def _read(self) -> None:
        options = {"rtsp_transport": "tcp"} if self.url.startswith("rtsp") else {}
        # Not closed here: a recording may still read the stream's head. It goes with its last packet.
        container = av.open(self.url, options=options, timeout=_TIMEOUT)
        if not container.streams.video:
            raise NoRecording(reason="no picture")
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if packet.dts is not None:
                self.error = ""
                self._keep(packet, stream)

    def _keep(self, packet: Any, stream: Any) -> None:
        now = clock.monotonic()
        with self._lock:
            for taker in self._takers:
                taker.append((now, packet, stream))
            self._ring.append((now, packet, stream))
            self._bytes += packet.size
            # A ring begins with a key frame: drop whole groups that lie before the wanted seconds.
            while (second := self._second_key()) is not None and (
                self._ring[second][0] <= now - self.pre_roll_s or self._bytes > RING_BYTES
            ):
                for _ in range(second):
                    self._bytes -= self._ring.popleft()[1].size

    def _second_key(self) -> int | None:
        return next((n for n, (_, packet, _) in enumerate(self._ring) if n and packet.is_keyframe), None)

    def take(self) -> deque[tuple[float, Any, Any]]:
        """A queue that begins with the ring and gets every further packet."""
        with self._lock:
            queue = deque(self._ring)
            self._takers.append(queue)
        return queue

    def leave(self, queue: deque[tuple[float, Any, Any]]) -> None:
        """End it."""
        with self._lock:
            self._takers = [taker for taker in self._takers if taker is not queue]

    def close(self) -> None:
        """Stop reading; the thread ends within the stream's timeout."""
        self._stop.set()


class AvRecorder:
    """A :class:`Recorder` over PyAV."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Camera] = {}
        self._busy: dict[str, int] = {}

    def watch(self, streams: Iterable[str], pre_roll_s: float) -> None:
        """Keep the newest seconds of exactly these streams from now on."""
        wanted = set(streams) if av is not None else set()
        for url in [u for u in self._cameras if u not in wanted and not self._busy.get(u)]:
            self._cameras.pop(url).close()
        for url in wanted:
            self._open(url).pre_roll_s = pre_roll_s

    def _open(self, url: str, pre_roll_s: float = 0.0) -> _Camera:
        if url not in self._cameras:
            self._cameras[url] = _Camera(url, pre_roll_s)
        return self._cameras[url]

    async def record(self, stream: str, length_s: float, folder: Path) -> Clip:
        """See :class:`Recorder`."""
        if av is None:
            raise NoRecording(reason="the extra 'video' is not installed")
        camera = self._open(stream)
        self._busy[stream] = self._busy.get(stream, 0) + 1
        begun, queue = clock.monotonic(), camera.take()
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            path = folder / f"{uuid7()}.mp4"
            return await _write(camera, queue, path, begun, length_s)
        finally:
            camera.leave(queue)
            self._busy[stream] -= 1

    def close(self) -> None:
        """Let all streams go."""
        for camera in self._cameras.values():
            camera.close()
        self._cameras.clear()


async def _write(
    camera: _Camera, queue: deque[tuple[float, Any, Any]], path: Path, begun: float, length_s: float
) -> Clip:
    """Write packets as they come until ``length_s`` after ``begun``."""
    out: Any = None
    target: Any = None
    source: Any = None
    first = last = (0.0, 0.0)  # monotonic and stream seconds of the first and the newest packet
    try:
        while clock.monotonic() < begun + length_s or queue:
            while queue:
                at, packet, stream = queue.popleft()
                if at > begun + length_s:
                    continue
                if out is None:
                    if not packet.is_keyframe:
                        continue
                    out = await asyncio.to_thread(av.open, str(path), "w", "mp4")
                    target, source = out.add_stream_from_template(stream), stream
                    offset = packet.dts
                    first = (at, float(packet.dts * packet.time_base))
                if stream is not source:  # the camera came back with other numbers; what there is, is kept
                    continue
                last = (at, float(packet.dts * packet.time_base))
                await asyncio.to_thread(_mux, out, target, packet, offset)
            await asyncio.sleep(0.05)
    finally:
        if out is not None:
            await asyncio.to_thread(out.close)
    if out is None:
        raise NoRecording(reason=camera.error or "no picture")
    return Clip(path, last[1] - first[1], max(0.0, begun - first[0]))


def _mux(out: Any, target: Any, packet: Any, offset: int) -> None:
    """Write a copy: the packet itself may be wanted by other recordings too."""
    copy = av.Packet(bytes(packet))
    copy.time_base, copy.dts, copy.duration = packet.time_base, packet.dts - offset, packet.duration
    copy.pts = None if packet.pts is None else packet.pts - offset
    copy.is_keyframe, copy.stream = packet.is_keyframe, target
    out.mux_one(copy)
