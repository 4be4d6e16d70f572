"""A regulator's platform as a real HTTP server: decrypts, checks every row, refuses orphans, keeps the rest.

It reads the wire with a cipher and a schema of its own choosing (cryptography and jsonschema), not with the sender's code.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import uvicorn
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fastapi import FastAPI
from fastapi.responses import JSONResponse

PARENTS = {
    "riskEvent": {"riskUnitId": "riskUnit"},
    "riskMeasure": {"riskEventId": "riskEvent"},
    "checkTask": {"riskMeasureId": "riskMeasure"},
    "checkRecord": {"checkTaskId": "checkTask"},
    "hiddenDanger": {"riskMeasureId": "riskMeasure", "checkRecordId": "checkRecord"},
    "stopRecord": {"riskUnitId": "riskUnit"},
}


class Receiver:
    """What it has by kind and id, and the pages in the order in which they came."""

    def __init__(self, key: bytes, iv: bytes, schema: dict[str, Any]) -> None:
        self.key, self.iv, self.schema = key, iv, schema
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.pages: list[tuple[str, int]] = []
        self.down = False

    def open(self, text: str) -> list[dict[str, Any]]:
        engine = Cipher(algorithms.AES(self.key), modes.CBC(self.iv)).decryptor()
        data = engine.update(base64.b64decode(text)) + engine.finalize()
        rows: list[dict[str, Any]] = json.loads(data[: -data[-1]])
        return rows

    def take(self, kind: str, text: str) -> tuple[int, dict[str, Any]]:
        if self.down:
            return 503, {"code": 503}
        rows = self.open(text)
        assert len(rows) <= 20
        judge = jsonschema.Draft202012Validator(self.schema["$defs"][kind])
        for row in rows:
            judge.validate(row)
        orphans = [
            row["id"]
            for row in rows
            for field, parent in PARENTS.get(kind, {}).items()
            if row.get(field) and row[field] not in self.rows.get(parent, {})
        ]
        if orphans:
            return 422, {"code": 422, "orphans": orphans}
        self.rows.setdefault(kind, {}).update({row["id"]: row for row in rows})
        self.pages.append((kind, len(rows)))
        return 200, {"code": 200}


@contextmanager
def serve(receiver: Receiver) -> Iterator[str]:
    """Run it on a free port; its address."""
    app = FastAPI()

    @app.post("/api/{kind}")
    def take(kind: str, body: dict[str, Any]) -> JSONResponse:
        status, told = receiver.take(kind, body["datas"])
        return JSONResponse(told, status)

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    limit = time.monotonic() + 30
    while not server.started and time.monotonic() < limit:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
