"""The hub beside the bare ``websockets`` broadcast and Socket.IO: fan-out to 200 clients, memory, a stuck client.

Servers and clients are processes of their own; the rounds of the contenders alternate and the best of each counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.bench.harness import Row, interleave, quantile
from tests.bench.hub_processes import PAYLOAD

CLIENTS = 200
IDLE = 1000
FLOOD = 10_000
#: A 200-byte payload has a header of four bytes (RFC 6455, 5.2).
FRAME = PAYLOAD + 4


class Process:
    """A server or swarm that answers commands."""

    def __init__(self, kind: str, *arguments: str, module: str = "tests.bench.hub_processes") -> None:
        self.kind = kind
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, kind, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self.answer().get("port", 0)

    def __call__(self, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.tell(**command)
        return self.answer()

    def tell(self, **command: Any) -> None:
        """Send a command without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The answer to the oldest command that has none yet."""
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()


def fan_out(server: Process, swarm: Process, messages: int, stuck: int = 0) -> float:
    """Frames per second from the first publish until the last client has all of them."""
    swarm(expect=messages * FRAME * CLIENTS)
    start = server(publish=messages, stuck=stuck)["start"]
    return messages * CLIENTS / (float(swarm(wait=True)["end"]) - float(start))


def throughput() -> list[Row]:
    """200 clients, one topic, 200-byte deltas."""
    with Process("ours") as ours, Process("broadcast") as bare, Process("socketio") as socketio:
        with Process("swarm") as a, Process("swarm") as b, Process("swarm") as c:
            for server, swarm in ((ours, a), (bare, b), (socketio, c)):
                swarm(connect=CLIENTS, port=server.port, kind=server.kind)
                fan_out(server, swarm, 20)
            figures = interleave(
                lambda: fan_out(ours, a, 400),
                lambda: fan_out(bare, b, 400),
                lambda: fan_out(socketio, c, 100),
                rounds=6,
                of=max,
            )
    mine, raw, sio = figures
    return [
        Row("200 clients, 200-byte deltas", "frames/s", mine, raw, "websockets.broadcast", "higher", 0.9),
        Row("200 clients, 200-byte deltas", "frames/s", mine, sio, "python-socketio", "higher", 3.0),
    ]


def stuck() -> Row:
    """What a client that reads nothing costs the other 200."""
    with Process("ours") as ours, Process("swarm") as swarm:
        swarm(connect=CLIENTS, port=ours.port, kind="ours")

        def without() -> float:
            swarm(stuck=False)
            while ours()["clients"] > CLIENTS:
                pass
            return fan_out(ours, swarm, 400)

        def with_one() -> float:
            swarm(stuck=True, port=ours.port, kind="ours")
            while not ours()["slow"]:
                fan_out(ours, swarm, 500, stuck=1)
            return fan_out(ours, swarm, 400, stuck=1)

        free, held = interleave(without, with_one, rounds=8, of=max)
    return Row("200 clients beside a stuck one", "frames/s", held, free, "the same without it", "higher", 0.95)


def memory() -> list[Row]:
    """Memory of one more signed-in, subscribed, idle client."""
    found = []
    for kind in ("ours", "broadcast"):
        with Process(kind) as server, Process("swarm") as swarm:
            swarm(connect=CLIENTS, port=server.port, kind=kind)
            before = server()["memory"]
            swarm(connect=IDLE, port=server.port, kind=kind)
            after = server()
            assert after["clients"] == CLIENTS + IDLE
            found.append((after["memory"] - before) / IDLE / 1024)
    return [
        Row("memory per idle client", "KiB", found[0], None, "", "lower", 60.0),
        Row("memory per idle client", "KiB", found[0], found[1], "bare websockets server", "lower"),
    ]


def flood() -> list[Row]:
    """How old changes are at a client while another account opens 10,000 connections; 200 are let in."""
    with Process("strict") as server, Process("swarm") as rude, Process("swarm") as watcher:
        watcher(watch=True, port=server.port)
        server(probe=300)
        quiet = watcher(ages=True)["ages"]
        rude.tell(flood=FLOOD, port=server.port)
        server(probe=1000)
        ages = watcher(ages=True)["ages"]
        answers = rude.answer()["answers"]
        assert answers == {"hello": 200, "too_many_connections": FLOOD - 200}, answers
    p99 = quantile(ages, 0.99) * 1000
    return [
        Row("age of a change during 10,000 connections of one account, p99", "ms", p99, None, "", "lower", 250.0),
        Row("the same", "ms", p99, quantile(quiet, 0.99) * 1000, "without the flood", "lower"),
    ]


def rows() -> list[Row]:
    """All figures of the hub."""
    return [*throughput(), stuck(), *memory(), *flood()]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
