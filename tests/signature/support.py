"""A person's handwriting and confirmation, as the viewer sends them."""

from __future__ import annotations

import hashlib
import hmac
import io
from typing import Any

import httpx
import numpy as np
from PIL import Image

from tests.support import PASSWORD

STROKES = [[[0.1, 0.5], [0.3, 0.2], [0.5, 0.8]], [[0.6, 0.2], [0.7, 0.9], [0.9, 0.4]]]


def confirmation(password: str = PASSWORD) -> dict[str, Any]:
    """A drawn signature with the password."""
    return {"password": password, "strokes": STROKES}


async def live_photo(http: httpx.AsyncClient, kind: str, number: str, seed: int) -> str:
    """Take a live photo as the app does; its id. ``seed`` makes the scene."""
    asked = await http.post(
        "/api/photos/challenges", json={"kind": kind, "number": number, "lon": 117.778, "lat": 38.359, "source": "gnss"}
    )
    assert asked.status_code == 201, asked.text
    answer = await send_photo(http, asked.json(), scene(seed))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def send_photo(
    http: httpx.AsyncClient, challenge: dict[str, Any], data: bytes, proof: str | None = None
) -> httpx.Response:
    """Answer a challenge with bytes."""
    own = hmac.new(challenge["nonce"].encode(), hashlib.sha256(data).hexdigest().encode(), hashlib.sha256).hexdigest()
    return await http.post(f"/api/photos/{challenge['id']}", params={"proof": proof or own}, content=data)


def scene(seed: int, kind: str = "JPEG", **options: Any) -> bytes:
    """A frame of a camera: every seed another scene."""
    chance = np.random.default_rng(seed)
    cells = chance.integers(0, 255, (12, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(cells).resize((640, 480), Image.Resampling.BICUBIC).save(out, kind, **options)
    return out.getvalue()
