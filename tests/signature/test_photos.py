"""Live photos over HTTP: one challenge, one picture, one minute; nothing else gets in."""

from __future__ import annotations

import asyncio
import hashlib
import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SignIn
from tests.signature.support import scene, send_photo
from twin import clock

_WHAT = {"kind": "hazard", "number": "YH-1", "lon": 117.778, "lat": 38.359, "source": "badge"}


async def _challenge(http, **change):  # type: ignore[no-untyped-def]
    answer = await http.post("/api/photos/challenges", json={**_WHAT, **change})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.req("M7.2")
async def test_a_picture_is_taken_marked_and_kept(sign_in: SignIn) -> None:
    http = await sign_in("employee")
    data = scene(1)
    answer = await send_photo(http, await _challenge(http), data)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["sha256"] == hashlib.sha256(data).hexdigest() and made["account_name"] == "employee"
    shown = (await http.get(f"/api/files/{made['attachment_id']}/content")).content
    marked, plain = Image.open(io.BytesIO(shown)).convert("L"), Image.open(io.BytesIO(data)).convert("L")
    changed = np.abs(np.asarray(marked, int) - np.asarray(plain, int))
    assert changed[-60:, :200].mean() > 25 > changed[:200].mean()  # the watermark stands at the lower left only


@pytest.mark.req("M7.2")
async def test_what_is_not_live_is_refused(sign_in: SignIn) -> None:
    http, other = await sign_in("employee"), await sign_in("manager")
    data = scene(2)
    used = await _challenge(http)
    assert (await send_photo(http, used, data)).status_code == 201
    assert (await send_photo(http, used, scene(3))).json()["code"] == "challenge_spent"
    # The same bytes, and the same picture re-encoded or shrunk, for a fresh challenge.
    assert (await send_photo(http, await _challenge(http), data)).json()["code"] == "photo_reused"
    for again in (scene(2, quality=60), scene(2, "PNG")):
        assert (await send_photo(http, await _challenge(http), again)).json()["code"] == "photo_reused"
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((320, 240)).save(out, "JPEG", quality=80)
    assert (await send_photo(http, await _challenge(http), out.getvalue())).json()["code"] == "photo_reused"
    # Re-encoded on the way: the proof is of other bytes.
    fresh = await _challenge(http)
    assert (await send_photo(http, fresh, scene(4), proof="0" * 64)).json()["code"] == "photo_not_proven"
    assert (await send_photo(http, fresh, scene(4))).status_code == 201  # a mistake costs no challenge
    # Somebody else's challenge.
    assert (await send_photo(other, await _challenge(http), scene(5))).json()["code"] == "challenge_spent"
    # Late.
    late = await _challenge(http)
    with clock.travel(by=timedelta(seconds=61)):
        assert (await send_photo(http, late, scene(6))).json()["code"] == "challenge_spent"
    # From the album: it carries a camera's notes. And no picture at all.
    exif = Image.Exif()
    exif[0x0110] = "PHONE 12"
    album = scene(7, exif=exif)
    assert (await send_photo(http, await _challenge(http), album)).json()["params"]["reason"] == "album"
    assert (await send_photo(http, await _challenge(http), b"%PDF-1.4")).json()["params"]["reason"] == "format"


async def test_a_file_that_was_uploaded_is_no_live_photo(sign_in: SignIn) -> None:
    http, data = await sign_in("employee"), scene(8)
    assert (await http.post("/api/files", params={"name": "x.jpg"}, content=data)).status_code == 201
    assert (await send_photo(http, await _challenge(http), data)).json()["code"] == "photo_reused"


async def test_of_two_answers_at_once_one_is_taken(sign_in: SignIn) -> None:
    http = await sign_in("employee")
    one = await _challenge(http)
    answers = await asyncio.gather(send_photo(http, one, scene(9)), send_photo(http, one, scene(10)))
    assert sorted(a.status_code for a in answers) == [201, 409]


async def test_challenges_are_few_and_need_the_right(sign_in: SignIn) -> None:
    http = await sign_in("contractor")
    for _ in range(20):
        await _challenge(http)
    assert (await http.post("/api/photos/challenges", json=_WHAT)).status_code == 429
    reader = await sign_in("audit_admin")
    assert (await reader.post("/api/photos/challenges", json=_WHAT)).status_code == 403
    assert (await reader.post("/api/photos/challenges", json={**_WHAT, "number": "a\x00"})).status_code == 422
