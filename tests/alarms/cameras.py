"""Cameras on real sockets: MPEG-TS over TCP made by PyAV, and an RTSP server of GStreamer where there is one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import numpy as np

from tests.ingest.support import quiet_port

_RTSP = """
import sys
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
assert Gst.ElementFactory.find("x264enc") and Gst.ElementFactory.find("rtph264pay"), "no x264enc"
if len(sys.argv) > 1:
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
    factory = GstRtspServer.RTSPMediaFactory(shared=True)
    factory.set_launch("( videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=10/1"
                       " ! x264enc tune=zerolatency key-int-max=5 ! rtph264pay name=pay0 pt=96 config-interval=1 )")
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()
"""


def rtsp_missing() -> str:
    """Why there is no RTSP server on this machine; empty when there is."""
    try:
        tried = subprocess.run(["/usr/bin/python3", "-c", _RTSP], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return tried.stderr.strip().splitlines()[-1] if tried.returncode else ""


@asynccontextmanager
async def rtsp_camera() -> AsyncIterator[str]:
    """A camera on an RTSP server; its address."""
    port = quiet_port()
    process = await asyncio.create_subprocess_exec(
        "/usr/bin/python3", "-c", _RTSP, str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert (await process.stdout.readline()).strip() == b"ready"
        yield f"rtsp://127.0.0.1:{port}/cam"
    finally:
        process.kill()
        await process.wait()


@contextmanager
def tcp_camera() -> Iterator[str]:
    """A camera that streams MPEG-TS, ten frames a second with a key frame in five, to whoever connects; its address."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        thread = threading.Thread(target=_serve, args=(server, stop), daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            thread.join(30)


def _serve(server: socket.socket, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(OSError):  # nobody came, or who came has gone
            line, _ = server.accept()
            with line, line.makefile("wb", buffering=0) as out:
                line.settimeout(5)
                _film(out, stop)


def _film(out: Any, stop: threading.Event) -> None:
    import av

    with av.open(out, "w", format="mpegts") as container:
        stream = container.add_stream("libx264", rate=10, options={"tune": "zerolatency", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        n = 0
        while not stop.is_set():
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n % 256, dtype=np.uint8), format="rgb24")
            frame.pts, n = n, n + 1
            for packet in stream.encode(frame):
                container.mux(packet)
            stop.wait(0.1)
