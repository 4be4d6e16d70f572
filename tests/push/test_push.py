"""Web Push against a real HTTP server in the place of a push service, which decrypts as a browser would."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import http_ece
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import Enterprise, SignIn
from twin.db.deliver import deliver
from twin.db.uow import unit_of_work
from twin.notify.service import notify
from twin.push.config import push_settings
from twin.push.subscribers import SUBSCRIBERS

_FACTS = {"subscriber": "s", "topic": "t", "seq": 7, "error": "e"}


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Service:
    """A push service: keeps what was posted; ``gone`` makes it say that the device is no more."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.gone = False
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in head.split("\r\n")[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((headers, body))
        status = "410 Gone" if self.gone else "201 Created"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    def subscription(self) -> dict[str, Any]:
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.url,
            "expirationTime": None,
            "keys": {"p256dh": url64(point), "auth": url64(self.auth)},
        }

    def read(self, n: int) -> dict[str, Any]:
        clear = http_ece.decrypt(self.got[n][1], private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        read: dict[str, Any] = json.loads(clear)
        return read


@pytest_asyncio.fixture(loop_scope="session")
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    made = Service()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/send/abc"
    monkeypatch.setenv("TWIN_PUSH_HOSTS", "127.0.0.1")
    push_settings.cache_clear()
    yield made
    push_settings.cache_clear()
    server.close()


async def work_off() -> None:
    while await deliver(SUBSCRIBERS[0]):
        pass


async def test_a_notification_reaches_a_closed_app_and_only_its_reader_can_open_it(
    service: Service, enterprise: Enterprise, sign_in: SignIn
) -> None:
    http = await sign_in("leader")
    me = UUID((await http.get("/api/auth/me")).json()["id"])
    key = (await http.get("/api/push/key")).json()
    assert key["enabled"] and len(base64.urlsafe_b64decode(key["key"] + "==")) == 65
    assert (await http.post("/api/push/subscriptions", json=service.subscription())).status_code == 204
    await work_off()
    before = len(service.got)
    async with unit_of_work(enterprise.id) as uow:
        (note,) = await notify(uow, [me], "event_parked", _FACTS, level="alarm", link="/m/inbox")
    await work_off()
    headers, body = service.got[before]
    assert len(service.got) == before + 1 and "有事件处理失败".encode() not in body
    shown = service.read(before)
    assert (shown["id"], shown["title"], shown["link"]) == (str(note), "有事件处理失败", "/m/inbox")
    assert headers["authorization"].startswith("vapid t=") and key["key"] in headers["authorization"]
    assert headers["urgency"] == "high"
    assert (await http.post("/api/inbox/mark", json={"ids": [str(note)]})).status_code == 200
    await work_off()
    assert len(service.got) == before + 1  # what was read rings nowhere

    service.gone = True
    async with unit_of_work(enterprise.id) as uow:
        await notify(uow, [me], "event_parked", {**_FACTS, "seq": 8})
    await work_off()
    assert len(service.got) == before + 2
    answer = await http.post("/api/push/subscriptions/remove", json={"endpoint": service.url})
    assert (answer.status_code, answer.json()["code"]) == (404, "push_device_not_found")


async def test_no_address_inside_the_plant_is_called(service: Service, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    for endpoint in (
        "http://10.0.0.5/send/abc",
        "https://127.0.0.2/send/abc",
        "file:///etc/passwd-abc",
        "ftp://127.0.0.1/abc",
    ):
        answer = await http.post("/api/push/subscriptions", json={**service.subscription(), "endpoint": endpoint})
        assert (answer.status_code, answer.json()["code"]) == (422, "push_service_unknown"), endpoint
