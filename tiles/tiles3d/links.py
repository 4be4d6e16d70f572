"""Addresses that open one tileset without signing in, until they expire (for a screen, a guest, another program)."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from twin import clock

PREFIX = "k-"


def _secret(folder: Path) -> bytes:
    """The key of this installation, made when first needed."""
    path = folder / "tiles3d.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        temp = folder / f".tiles3d.key.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(temp, path)  # the first of two processes wins
        temp.unlink()
        return path.read_bytes()


def _sign(folder: Path, site: str, tileset: str, until: int) -> str:
    message = f"{site}\0{tileset}\0{until}".encode()
    return hmac.new(_secret(folder), message, hashlib.sha256).hexdigest()[:32]


def make(folder: Path, site: str, tileset: str, seconds: int) -> tuple[str, int]:
    """Path segment that opens a tileset, and when it ends (seconds since 1970, UTC)."""
    until = int(clock.timestamp()) + seconds
    return f"{PREFIX}{until}-{_sign(folder, site, tileset, until)}", until


def holds(folder: Path, site: str, tileset: str, segment: str) -> bool:
    """Whether a segment was made here for this tileset and has not expired."""
    until, _, signature = segment.removeprefix(PREFIX).partition("-")
    if not until.isdecimal() or len(until) > 12:
        return False
    good = hmac.compare_digest(signature.encode(), _sign(folder, site, tileset, int(until)).encode())
    return good and clock.timestamp() < int(until)
