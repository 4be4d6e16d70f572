"""Zipped deliveries: unpacked beside the target with every limit that keeps a hostile archive harmless."""

from __future__ import annotations

import os
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tiles.tiles3d.errors import Bomb, BrokenFile, UnsafePath

#: An entry may unpack to this many times its packed size once it is larger than the floor; surveys reach 20.
_MAX_RATIO = 200
_FLOOR = 64 << 20
_MAX_ENTRIES = 2_000_000
_CHUNK = 1 << 20


@contextmanager
def unpacked(path: Path, beside: Path) -> Iterator[Path]:
    """The delivery's folder inside a zip, unpacked to a hidden folder beside ``beside`` and removed afterwards.

    Raises:
        BrokenFile: no zip, cut off, encrypted. UnsafePath: an entry that leads out, or a link. Bomb: unpacks absurdly.
    """
    target = beside.parent / f".{beside.name}.unzip"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    try:
        try:
            with zipfile.ZipFile(path) as archive:
                _extract(archive, path.name, target)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise BrokenFile(path.name, f"zip cannot be read: {error}") from error
        inner = [p for p in target.iterdir() if not p.name.startswith("__MACOSX")]
        yield inner[0] if len(inner) == 1 and inner[0].is_dir() else target
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _extract(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise Bomb(name, f"{len(entries)} entries")
    for entry in entries:
        inside = PurePosixPath(entry.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or ":" in entry.filename or "\0" in entry.filename:
            raise UnsafePath(name, f"entry leads out of the archive: {entry.filename!r}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsafePath(name, f"entry is a link: {entry.filename!r}")
        if entry.flag_bits & 0x1:
            raise BrokenFile(name, f"entry is encrypted: {entry.filename!r}")
    _room(entries, name, target)
    for entry in entries:
        if not entry.is_dir():
            _write(archive, entry, name, target.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts))


def _room(entries: list[zipfile.ZipInfo], name: str, target: Path) -> None:
    total = sum(e.file_size for e in entries)
    free = shutil.disk_usage(target).free
    if total > free * 0.9:
        raise Bomb(name, f"unpacks to {total >> 20} MiB, {free >> 20} MiB are free")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, path: Path) -> None:
    limit = max(entry.compress_size * _MAX_RATIO, _FLOOR)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with archive.open(entry) as source, path.open("wb") as file:
        # Counted as it comes: the sizes in the headers are only claims.
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise Bomb(name, f"entry {entry.filename!r} unpacks to more than {limit >> 20} MiB")
            file.write(chunk)
    moment = time.mktime((*entry.date_time, 0, 0, -1))
    # The archive's own time: an interrupted import recognises its files when they are unpacked again.
    os.utime(path, (moment, moment))
