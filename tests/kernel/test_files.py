"""Attachments: limits and kinds, dedupe, ranges, rights, sweeping."""

from __future__ import annotations

import hashlib
import io
import os
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from openpyxl import Workbook
from PIL import Image

from tests.conftest import Enterprise, SignIn
from twin.auth import service as auth
from twin.auth.accounts import create_account
from twin.db.uow import unit_of_work
from twin.errors import Conflict, Forbidden, Invalid, TooLarge, UnsupportedMedia
from twin.files import service, sniff
from twin.files.store import GRACE_SECONDS, Store
from twin.settings import Settings


def _image(kind: str = "PNG", colour: int = 7) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), (colour, 80, 90)).save(out, kind)
    return out.getvalue()


async def _chunks(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.name != ".lock")


def _xlsx() -> bytes:
    book, out = Workbook(), io.BytesIO()
    book.active["A1"] = "罐区"  # type: ignore[index]
    book.save(out)
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize(
    "data, expected",
    [
        (_image("PNG"), "image/png"),
        (_image("JPEG"), "image/jpeg"),
        (_image("WEBP"), "image/webp"),
        (b"%PDF-1.7\n...", "application/pdf"),
        (_xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (_zip(), "application/zip"),
        (b"\x00\x00\x00\x18ftypmp42....", "video/mp4"),
        ("位号,数值\nTI-101,25".encode(), "text/plain"),
        ("位号,数值".encode("gb18030") * 1500, "text/plain"),
        (("a" + "罐" * 4000).encode(), "text/plain"),
    ],
)
async def test_kinds_are_found_from_the_bytes(tmp_path: Path, data: bytes, expected: str) -> None:
    kept = await Store(tmp_path, 10).put(_chunks(data))
    assert (kept.media_type, kept.size, kept.sha256) == (expected, len(data), hashlib.sha256(data).hexdigest())
    assert Store(tmp_path, 10).path(kept.sha256).read_bytes() == data


@pytest.mark.req("S5")
@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + bytes(200),
        b"\x7fELF" + bytes(200),
        b"<html><script>alert(1)</script>",
        b"\xef\xbb\xbf  <svg onload='x'/>",
        b"#!/bin/sh\nrm -rf /\n",
        b"PK\x03\x04 but no archive",
        bytes(5000),
    ],
)
async def test_other_kinds_are_refused_and_leave_nothing(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        await Store(tmp_path, 10).put(_chunks(data))
    assert _files(tmp_path) == []


async def test_too_large_is_cut_off_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"%PDF-1.7"
        while True:
            sent += 1
            yield bytes(64 * 1024)

    with pytest.raises(TooLarge):
        await Store(tmp_path, 1).put(endless())
    assert sent <= 17
    monkeypatch.setitem(sniff.LIMITS, "image/png", 100)  # the kind's own limit
    with pytest.raises(TooLarge):
        await Store(tmp_path, 1).put(_chunks(_image() + bytes(200)))
    with pytest.raises(Invalid):
        await Store(tmp_path, 1).put(_chunks(b""))
    assert _files(tmp_path) == []


async def test_a_broken_upload_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield _image()
        raise ConnectionResetError

    with pytest.raises(Exception):  # noqa: B017
        await Store(tmp_path, 1).put(broken())
    assert _files(tmp_path) == []


async def test_one_content_is_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path, 1)
    one, two = await store.put(_chunks(_image())), await store.put(_chunks(_image(), 7))
    assert one == two and _files(tmp_path) == [one.sha256]


async def test_upload_and_download_over_http(sign_in: SignIn, database: Settings) -> None:
    http, data = await sign_in("employee"), _image(colour=33)
    answer = await http.post(
        "/api/files", params={"name": "../罐区 1.exe"}, content=data, headers={"Content-Type": "application/pdf"}
    )
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["media_type"], made["size"]) == ("罐区 1.exe", "image/png", len(data))
    url = f"/api/files/{made['id']}/content"
    whole = await http.get(url)
    assert whole.content == data and whole.headers["content-type"] == "image/png"
    part = await http.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    tail = await http.get(url, headers={"Range": "bytes=-5"})
    assert tail.content == data[-5:]
    assert (await http.get(url, headers={"Range": f"bytes={len(data) + 5}-"})).status_code == 416
    assert (await http.get(url, headers={"If-None-Match": whole.headers["etag"]})).status_code == 304
    refused = await http.post("/api/files", params={"name": "x.png"}, content=b"MZ" + bytes(300))
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media")
    assert (await http.get(f"/api/files/{uuid4()}")).json()["code"] == "attachment_not_found"


@pytest.mark.req("S5")
async def test_rights(sign_in: SignIn, enterprise: Enterprise) -> None:
    contractor, employee, auditor = await sign_in("contractor"), await sign_in("employee"), await sign_in("audit_admin")
    made = (await contractor.post("/api/files", params={"name": "a.png"}, content=_image(colour=1))).json()
    theirs = (await employee.post("/api/files", params={"name": "b.png"}, content=_image(colour=2))).json()
    assert (await contractor.get(f"/api/files/{made['id']}/content")).status_code == 200  # one's own
    assert (await contractor.get(f"/api/files/{theirs['id']}/content")).status_code == 403
    assert (await employee.get(f"/api/files/{made['id']}/content")).status_code == 200
    assert (await auditor.post("/api/files", params={"name": "c.png"}, content=_image())).status_code == 403
    assert (await employee.delete(f"/api/files/{made['id']}")).status_code == 403
    assert (await contractor.delete(f"/api/files/{made['id']}")).status_code == 204
    assert (await contractor.get(f"/api/files/{made['id']}")).status_code == 404


async def test_a_tied_attachment_stays(enterprise: Enterprise, database: Settings) -> None:
    async with unit_of_work(enterprise.id) as uow:
        name = f"u{uuid4().hex[:8]}"
        await create_account(uow, username=name, name=name, password=enterprise.password, roles=["employee"])
    principal = (await auth.sign_in(name, enterprise.password)).principal
    async with unit_of_work(enterprise.id, principal.account_id) as uow:
        row = await service.upload(uow, principal, "a.png", _chunks(_image(colour=5)))
        await service.attach(uow, principal, row.id, "permit", "7")
    async with unit_of_work(enterprise.id, principal.account_id) as uow:
        with pytest.raises(Forbidden):
            await service.delete(uow, principal, row.id)
        with pytest.raises(Conflict):
            await service.attach(uow, principal, row.id, "permit", "8")


async def test_the_sweep_removes_only_what_nothing_refers_to(
    enterprise: Enterprise, sign_in: SignIn, database: Settings
) -> None:
    http = await sign_in("employee")
    used = (await http.post("/api/files", params={"name": "u.png"}, content=_image(colour=101))).json()["sha256"]
    store = service.store(database)
    orphan = (await store.put(_chunks(_image(colour=102)))).sha256
    fresh = (await store.put(_chunks(_image(colour=103)))).sha256
    stale = database.files_dir / "parts" / "dead.part"
    stale.write_bytes(b"x")
    long_ago = time.time() - GRACE_SECONDS - 60
    for path in (store.path(used), store.path(orphan), stale):
        os.utime(path, (long_ago, long_ago))
    assert await service.sweep(database) == 1
    assert [store.path(d).exists() for d in (used, orphan, fresh)] == [True, False, True]
    assert not stale.exists()
