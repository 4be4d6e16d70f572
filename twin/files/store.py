"""The attachment store: files named by the SHA-256 of their bytes, written once, never changed.

An upload is written to a ``.part`` file while it is hashed, checked, and only then moved to its name. Whatever goes
wrong, nothing stays.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twin.errors import Invalid, TooLarge, Unavailable, UnsupportedMedia
from twin.files import sniff
from twin.ids import uuid7

_CHUNK = 1024 * 1024
#: A file that nothing refers to is kept this long: its upload's transaction may still be open.
GRACE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Stored:
    """A file in the store."""

    sha256: str
    size: int
    media_type: str


class Store:
    """The folder of content-addressed files."""

    def __init__(self, folder: Path, limit_mb: int) -> None:
        self.folder = folder
        self.limit = limit_mb * 1024 * 1024

    def path(self, sha256: str) -> Path:
        """Where the file with this digest lies."""
        return self.folder / sha256[:2] / sha256

    async def put(self, chunks: AsyncIterator[bytes]) -> Stored:
        """Take a stream.

        Raises:
            TooLarge: more bytes than its kind may have. UnsupportedMedia: a kind that is not taken. Invalid: it is
                empty.
            Unavailable: the disk is full. In every case nothing is left behind.
        """
        part = self.folder / "parts" / f"{uuid7()}.part"
        try:
            await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
            digest, size, found = await self._write(part, chunks)
            return await asyncio.to_thread(self._keep, part, digest, size, found)
        except OSError as error:
            raise Unavailable(reason="files") from error
        finally:
            part.unlink(missing_ok=True)

    async def _write(self, part: Path, chunks: AsyncIterator[bytes]) -> tuple[str, int, str]:
        digest, size, head, found, limit = hashlib.sha256(), 0, b"", "", self.limit
        with part.open("wb") as out:
            buffer = bytearray()
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(limit=limit // (1024 * 1024))
                buffer += chunk
                if not found and len(head) < sniff.HEAD:
                    head = (head + chunk)[: sniff.HEAD]
                if not found and len(head) >= sniff.HEAD:
                    found, limit = self._admit(head, size)
                if len(buffer) >= _CHUNK:
                    await asyncio.to_thread(_add, out.write, digest.update, bytes(buffer))
                    buffer.clear()
            if size == 0:
                raise Invalid(errors=[{"where": "body", "code": "empty_file"}])
            if not found:
                found, _ = self._admit(head, size)
            await asyncio.to_thread(_add, out.write, digest.update, bytes(buffer))
        return digest.hexdigest(), size, found

    def _admit(self, head: bytes, size: int) -> tuple[str, int]:
        found = sniff.media_type(head)
        if found not in sniff.LIMITS:
            raise UnsupportedMedia(media_type=found)
        limit = min(self.limit, sniff.LIMITS[found])
        if size > limit:
            raise TooLarge(limit=limit // (1024 * 1024))
        return found, limit

    def _keep(self, part: Path, digest: str, size: int, found: str) -> Stored:
        found = sniff.refine(found, part)
        if found not in sniff.LIMITS:
            raise UnsupportedMedia(media_type=found)
        if size > sniff.LIMITS[found]:
            raise TooLarge(limit=sniff.LIMITS[found] // (1024 * 1024))
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        with self._locked():
            if target.exists():
                os.utime(target)  # younger than any sweep that is under way
            else:
                part.chmod(0o440)
                part.rename(target)
        return Stored(digest, size, found)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def old_files(self) -> Iterator[str]:
        """Digests of files old enough to be swept when unused; removes stale ``.part`` files on the way."""
        border = time.time() - GRACE_SECONDS
        for part in self.folder.glob("parts/*.part"):
            if part.stat().st_mtime < border:
                part.unlink(missing_ok=True)
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            if path.stat().st_mtime < border:
                yield path.name

    def remove(self, sha256: str) -> bool:
        """Delete a file, unless somebody has just uploaded it again."""
        path = self.path(sha256)
        with self._locked():
            if path.stat().st_mtime >= time.time() - GRACE_SECONDS:
                return False
            path.unlink()
        return True


def _add(write: Callable[[bytes], object], update: Callable[[bytes], object], data: bytes) -> None:
    write(data)
    update(data)
